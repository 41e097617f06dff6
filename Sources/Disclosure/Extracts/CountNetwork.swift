/// Counts that are tied to one another by their sums, as arcs of a network in which what flows into a point flows out of it.
///
/// A list of counts with its total has two points. A table with margins has one for each row and column and one for each
/// total: a cell leads from its row to its column, a row's total into the row, a column's out of the column, and the grand
/// total closes the circle. So whoever tries to work a hidden count out from the published ones looks for flows, and how
/// far each can be moved is found by augmenting paths; with whole bounds the answers are whole numbers (Ahuja, Magnanti,
/// Orlin, *Network Flows*, 1993, theorem 9.10).
struct CountNetwork: Sendable {
    /// What a reader of the published table sees in a cell's place.
    enum Mark: Sendable, Hashable {
        case shown
        /// `<5`: 1, 2, 3 or 4.
        case small
        /// Nothing; a count of 5 or more, hidden for the sake of another.
        case withheld
    }

    struct Cell: Sendable {
        let from: Int
        let to: Int
        let count: Int
        /// Whether it is told in any case, as the size of the whole cohort is.
        let isFixed: Bool
        var mark: Mark

        init(from: Int, to: Int, count: Int, isFixed: Bool = false) {
            self.from = from
            self.to = to
            self.count = count
            self.isFixed = isFixed
            mark = !isFixed && (1...4).contains(count) ? .small : .shown
        }

        func touches(_ other: Cell) -> Bool {
            from == other.from || from == other.to || to == other.from || to == other.to
        }
    }

    let points: Int
    var cells: [Cell]

    /// What a reader has of the table.
    private enum Knowledge {
        /// The marks alone: that a count is 0, is `<5`, or is more.
        case marks
        /// The counts that are shown, too.
        case counts
    }

    /// What a reader knows of a cell before looking at the sums.
    private func bounds(_ cell: Cell, _ knowledge: Knowledge) -> (least: Int, most: Int) {
        switch cell.mark {
        case .shown where knowledge == .counts || cell.count == 0: (cell.count, cell.count)
        case .small: (1, 4)
        case .shown, .withheld: (5, Int.max / 4)
        }
    }

    /// How far a hidden count may be from the true one, as far as a reader can tell.
    struct Room: Sendable, Hashable {
        let less: Int
        let more: Int
    }

    /// The room that the marks alone leave a cell. It does not depend on what is withheld: a count that is shown and is not 0
    /// is one of 5 or more to who has the marks only.
    func roomByMarks(of index: Int) -> Room {
        Room(less: room(index, upward: false, .marks), more: room(index, upward: true, .marks))
    }

    /// Whether the counts that are shown tell no more of a cell marked ``Mark/small`` than the marks do, neither its value
    /// nor a closer bound, and the marks leave it at least two values.
    ///
    /// In a list that means that it may be 1, 2, 3 or 4. In a table, marks bound one another: one of two beside a total of
    /// `<5` cannot be 4. What is protected stays so when more is withheld.
    ///
    /// - Parameter byMarks: ``roomByMarks(of:)``.
    func isProtected(_ index: Int, byMarks: Room) -> Bool {
        byMarks.less + byMarks.more > 0 && room(index, upward: true, .counts) == byMarks.more
            && room(index, upward: false, .counts) == byMarks.less
    }

    /// By how much a cell's count can be changed, with others, so that nothing changes that a reader has.
    private func room(_ index: Int, upward: Bool, _ knowledge: Knowledge) -> Int {
        let cell = cells[index]
        let (least, most) = bounds(cell, knowledge)
        let wanted = upward ? most - cell.count : cell.count - least
        // More through the cell comes back from its end to its start by the others; less goes forward by them.
        let (source, sink) = upward ? (cell.to, cell.from) : (cell.from, cell.to)
        var shifts = Array(repeating: 0, count: cells.count)
        var found = 0
        while found < wanted, let path = path(from: source, to: sink, without: index, shifts, knowledge) {
            let step = min(wanted - found, path.map(\.room).min() ?? 0)
            for arc in path { shifts[arc.cell] += arc.isForward ? step : -step }
            found += step
        }
        return found
    }

    private struct Arc {
        let cell: Int
        let isForward: Bool
        /// By how much the flow can be changed.
        let room: Int
    }

    /// A shortest way on which flow can still be changed; nil when there is none.
    private func path(
        from source: Int, to sink: Int, without excluded: Int, _ shifts: [Int], _ knowledge: Knowledge
    ) -> [Arc]? {
        var arrivals = [Arc?](repeating: nil, count: points)
        var queue = [source]
        var isReached = Array(repeating: false, count: points)
        isReached[source] = true
        var next = 0
        while next < queue.count, !isReached[sink] {
            let point = queue[next]
            next += 1
            for (index, cell) in cells.enumerated() where index != excluded {
                let (least, most) = bounds(cell, knowledge)
                let flow = cell.count + shifts[index]
                for (start, end, isForward, room) in [
                    (cell.from, cell.to, true, most - flow), (cell.to, cell.from, false, flow - least),
                ] where start == point && room > 0 && !isReached[end] {
                    isReached[end] = true
                    arrivals[end] = Arc(cell: index, isForward: isForward, room: room)
                    queue.append(end)
                }
            }
        }
        guard isReached[sink] else { return nil }
        var path: [Arc] = []
        var point = sink
        while point != source, let arc = arrivals[point] {
            path.append(arc)
            point = arc.isForward ? cells[arc.cell].from : cells[arc.cell].to
        }
        return path
    }
}
