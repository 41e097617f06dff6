/// How a file is handed over by laying it down, what is known of it afterwards, and how it is taken back: the same wherever
/// it lies.
struct Pickup<Place: PickupPlace> {
    let place: Place

    // MARK: Delivering

    /// Lays a file down, unless it lies there or was fetched already.
    ///
    /// Looks first on every attempt, and not on repeats alone: servers differ in whether a rename overwrites.
    func deliver(_ file: OutgoingFile) -> DeliveryOutcome {
        do throws(PickupError) {
            switch try look(for: file) {
            case .whole, .fetched: return .duplicate(reference: file.name)
            case .conflict: return Self.conflict
            case .unmarked: return complete(file)
            case .nothing: break
            }
        } catch {
            // Whatever the look may have done, it sent nothing.
            return error.outcome
        }
        do throws(PickupError) {
            try place.show(file.name, file.bytes)
        } catch {
            guard error.mayBeDone else { return error.outcome }
            switch try? look(for: file) {
            case .nothing: return error.outcome
            case .unmarked: break
            case let found: return Self.outcome(of: file, found, after: error)
            }
        }
        return complete(file)
    }

    /// What lies there of a file.
    private enum Found {
        case nothing
        /// The file, without the marker that tells its receiver to fetch it.
        case unmarked
        case whole
        /// Its receiver says so, or has taken the file and left the marker.
        case fetched
        /// Other content under the same name.
        case conflict
    }

    private func look(for file: OutgoingFile) throws(PickupError) -> Found {
        switch try place.read(file.name, on: .files, limit: file.bytes.count) {
        case .bytes(let bytes) where bytes == file.bytes:
            return try isThere(OutgoingFile.marker(file.name)) ? .whole : .unmarked
        case .bytes, .other: return .conflict
        case .missing:
            if try isThere(OutgoingFile.marker(file.name)) { return .fetched }
            return try hasReceipt(file.name) ? .fetched : .nothing
        }
    }

    /// Adds what makes a file fetchable.
    private func complete(_ file: OutgoingFile) -> DeliveryOutcome {
        do throws(PickupError) {
            try place.add(OutgoingFile.digest(file.name), file.digest)
            try place.add(OutgoingFile.marker(file.name), [])
            return .delivered(reference: file.name)
        } catch {
            return Self.outcome(of: file, try? look(for: file), after: error)
        }
    }

    /// The outcome when a step failed after which the file may have been fetched, and of a look afterwards.
    private static func outcome(of file: OutgoingFile, _ found: Found?, after error: PickupError) -> DeliveryOutcome {
        switch found {
        case .whole, .fetched: .delivered(reference: file.name)
        case .conflict: conflict
        case .nothing, .unmarked, nil: .unknown(code: error.code, text: error.text)
        }
    }

    private static var conflict: DeliveryOutcome {
        .rejected(
            code: "conflict", text: "another file lies there under the same name; a person must see what it is")
    }

    // MARK: Afterwards

    /// Whether a file that was laid down has been fetched.
    func progress(of name: String) -> DeliveryProgress {
        guard OutgoingFile.isName(name) else {
            return .unavailable(code: "file_name", text: "the reference is not a file's name")
        }
        do throws(PickupError) {
            if try hasReceipt(name) { return .complete }
            if try isThere(name) { return .waiting }
            try place.check()
            return .complete
        } catch {
            return .unavailable(code: error.code, text: error.text)
        }
    }

    /// Takes a file back that was not fetched. The marker goes first: whoever sees none does not begin.
    ///
    /// One that lies there no longer counts as fetched, also when an earlier call removed it and the hub crashed before it
    /// could write that down: said to have been disclosed though it was not, rather than the other way round.
    func withdraw(_ name: String) -> Withdrawal {
        guard OutgoingFile.isName(name) else {
            return .unknown(code: "file_name", text: "the reference is not a file's name")
        }
        do throws(PickupError) {
            // Of an attempt that broke off; nobody fetches it.
            _ = try place.remove(OutgoingFile.part(name))
            if try hasReceipt(name) { return .alreadyFetched }
            guard try isThere(name) else {
                try place.check()
                return .alreadyFetched
            }
            let hadMarker = try place.remove(OutgoingFile.marker(name))
            let wasThere = try place.remove(name)
            _ = try place.remove(OutgoingFile.digest(name))
            if try hasReceipt(name) { return .alreadyFetched }
            return hadMarker && wasThere
                ? .removed
                : .unknown(code: "fetch_begun", text: "parts of it were gone, so that it may be with its receiver")
        } catch {
            return .unknown(code: error.code, text: error.text)
        }
    }

    private func hasReceipt(_ name: String) throws(PickupError) -> Bool {
        try isThere(OutgoingFile.receipt(name), on: .receipts)
    }

    private func isThere(_ name: String, on shelf: PickupShelf = .files) throws(PickupError) -> Bool {
        try place.read(name, on: shelf, limit: 0) != .missing
    }
}
