/// Files of one partner that are taken in hand together, in the order of their names.
struct DropGroup: Sendable {
    /// What each turned out to be. An attempt is counted for each, but for those that have had all.
    var readings: [(set: DropBox.ClaimedSet, reading: DropBox.Reading)] = []
    /// What comes after the group.
    var rest: ArraySlice<DropClaim>
    /// What kept a claim from being opened or read. That ended the group before it.
    var trouble: (any Error)?
    /// False when what comes after the group must wait for the next look, so that the order holds.
    var mayGoOn = true
}

extension DropBox {
    /// Takes the first of these claims in hand, as many as make a group, and reads them.
    ///
    /// An attempt is counted for each, on disk, before anything looks into any of them. The attempts that stand there
    /// already are of processes that ended in the middle of it, whatever ended them: one that comes to an end takes its own
    /// away, with the claim or by ``giveBack(_:)``. A claim with such attempts is a group of its own, so that it shares the
    /// next end of a process with no other.
    ///
    /// A claim that the disk does not let be opened or read ends the group, and nothing behind it is taken: it would overtake
    /// that one.
    ///
    /// - Parameter claims: in the order in which they are to be taken.
    func begin(_ claims: ArraySlice<DropClaim>) throws -> DropGroup {
        var group = DropGroup(rest: claims)
        let sets = try count(open(&group))
        var bytes = 0
        for (index, set) in sets.enumerated() {
            // A file can grow after it was measured, as long as the partner holds it open.
            guard index == 0 || bytes <= limits.groupBytes else {
                putBack(sets[index...], into: &group)
                break
            }
            do {
                let reading = set.isCounted ? try read(set) : .refused(.attempts)
                if case .file(let file) = reading { bytes += file.bytes.count }
                group.readings.append((set, reading))
            } catch {
                group.trouble = error
                group.mayGoOn = false
                putBack(sets[index...], into: &group)
                break
            }
        }
        return group
    }

    /// Gives sets back and puts them before what comes after the group.
    private func putBack(_ sets: ArraySlice<ClaimedSet>, into group: inout DropGroup) {
        let back = giveBack(Array(sets))
        group.rest = back[...] + group.rest
        if back.count < sets.count { group.mayGoOn = false }
    }

    /// Opens the sets of a group, within its bounds, and takes them off what comes after it. One that cannot be opened ends
    /// it.
    private func open(_ group: inout DropGroup) -> [ClaimedSet] {
        var sets: [ClaimedSet] = []
        var bytes = 0
        while let claim = group.rest.first, sets.isEmpty || claim.attempts == 0 {
            do {
                if let set = try open(claim) {
                    bytes += set.size
                    let fits = sets.count < limits.groupFiles && bytes <= limits.groupBytes
                    // Two of one name would write one answer.
                    guard sets.isEmpty || fits && !sets.contains(where: { $0.name == set.name }) else { break }
                    sets.append(set)
                }
            } catch {
                group.trouble = error
                group.mayGoOn = false
                break
            }
            group.rest = group.rest.dropFirst()
            if claim.attempts > 0 { break }
        }
        return sets
    }

    /// Counts an attempt for each set that has not had all; one sync of the folder above has them all on disk.
    private func count(_ sets: [ClaimedSet]) throws -> [ClaimedSet] {
        var counted: [ClaimedSet] = []
        do {
            for var set in sets {
                if set.claim.attempts < limits.attempts {
                    let before = set.claim.folder
                    set.claim.attempts += 1
                    _ = try claimed.move(before, to: claimed, as: set.claim.folder)
                    set.isCounted = true
                }
                counted.append(set)
            }
            try claimed.sync()
        } catch {
            giveBack(counted)
            throw error
        }
        return counted
    }

    /// Takes back the attempt begun last: it came to an end without an answer, and the file is not to blame.
    @discardableResult
    func giveBack(_ set: ClaimedSet) throws -> DropClaim {
        guard set.isCounted else { return set.claim }
        var claim = set.claim
        claim.attempts -= 1
        _ = try claimed.move(set.claim.folder, to: claimed, as: claim.folder)
        return claim
    }

    /// Takes attempts back, each by itself. A set whose attempt stays is not among what is returned: it is found at the next
    /// look, with one attempt more.
    @discardableResult
    func giveBack(_ sets: [ClaimedSet]) -> [DropClaim] { sets.compactMap { try? giveBack($0) } }
}
