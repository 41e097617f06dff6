extension CountNetwork {
    /// The same counts with as many more withheld as it takes, so that no small one can be worked out from the rest
    /// (disclosure policy, section 9: suppress the next smallest too).
    ///
    /// The next smallest count is withheld that stands in a sum with one that is not protected, until all are. Then each that
    /// turned out not to be needed is shown again, the greatest first: so what stays withheld cannot be worked out either,
    /// since showing it would tell something.
    ///
    /// - Returns: Nil when withholding cannot protect them, as where there is too little beside them. Counts of 0 are always
    ///   shown: who is not there is not disclosed.
    func suppressed() -> CountNetwork? {
        var network = self
        let small = cells.indices.filter { cells[$0].mark == .small }.map { ($0, roomByMarks(of: $0)) }
        for (index, room) in small {
            while !network.isProtected(index, byMarks: room) {
                guard let next = network.nextSmallest(beside: index) else { return nil }
                network.cells[next].mark = .withheld
            }
        }
        let withheld = network.cells.indices.filter { network.cells[$0].mark == .withheld }
        for index in withheld.sorted(by: { network.cells[$0].count > network.cells[$1].count }) {
            network.cells[index].mark = .shown
            if !small.allSatisfy({ network.isProtected($0, byMarks: $1) }) { network.cells[index].mark = .withheld }
        }
        return network
    }

    /// Among those in a sum with the exposed one; where all of them are hidden already, among all.
    private func nextSmallest(beside exposed: Int) -> Int? {
        let shown = cells.indices.filter { cells[$0].mark == .shown && !cells[$0].isFixed && cells[$0].count >= 5 }
        let near = shown.filter { cells[$0].touches(cells[exposed]) }
        return (near.isEmpty ? shown : near).min { cells[$0].count < cells[$1].count }
    }
}
