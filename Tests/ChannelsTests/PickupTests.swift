import Crypto
import Foundation
import Testing

@testable import Channels

/// The rules of handing a file over, against a place that fails where it is told to.
@Suite struct PickupTests {
    private let name = "DERBYLAC_CARE_20261101T090000Z_0001.csv"
    private let content = Array("Edna Jessop,3 Weir Meadow Drive\r\n".utf8)

    private var file: OutgoingFile {
        get throws {
            try #require(
                OutgoingFile(
                    Delivery(
                        id: "0001", attempt: 1, recipient: "somebody", bytes: content, mediaType: "text/csv",
                        fileName: name)))
        }
    }

    private var digest: [UInt8] { Array("\(Hexadecimal.text(SHA256.hash(data: content)))  \(name)\n".utf8) }

    private var whole: [String: [UInt8]] { [name: content, "\(name).sha256": digest, "\(name).done": []] }

    // MARK: Delivering

    @Test func `a file is laid down, then its digest, then its marker`() throws {
        let place = FakePlace()
        #expect(Pickup(place: place).deliver(try file) == .delivered(reference: name))
        #expect(place.files == whole)
        #expect(place.steps == ["show \(name)", "add \(name).sha256", "add \(name).done"])
    }

    @Test func `what lies there whole is a duplicate and is not touched`() throws {
        let place = FakePlace(whole)
        #expect(Pickup(place: place).deliver(try file) == .duplicate(reference: name))
        #expect(place.steps.isEmpty)
    }

    @Test func `a file without its marker gets what it lacks`() throws {
        let place = FakePlace([name: content])
        #expect(Pickup(place: place).deliver(try file) == .delivered(reference: name))
        #expect(place.files == whole)
        #expect(place.steps == ["add \(name).sha256", "add \(name).done"])
    }

    @Test func `what was fetched is not laid down again`() throws {
        for place in [FakePlace(receipts: ["\(name).rcv": []]), FakePlace(["\(name).done": []])] {
            #expect(Pickup(place: place).deliver(try file) == .duplicate(reference: name))
            #expect(place.steps.isEmpty)
        }
    }

    @Test(arguments: ["", "x", "Edna Jessop,3 Weir Meadow Drive\r\n and more", "Edna Jessop,4 Weir Meadow Drive\r\n"])
    func `other content under the name is a conflict and stays`(other: String) throws {
        let place = FakePlace([name: Array(other.utf8)])
        guard case .rejected("conflict", _) = Pickup(place: place).deliver(try file) else {
            Issue.record("no conflict")
            return
        }
        #expect(place.steps.isEmpty && place.files == [name: Array(other.utf8)])
    }

    @Test func `a look that fails is a failure before anything was sent`() throws {
        for (error, expected) in [
            (
                PickupError.diskFull,
                DeliveryOutcome.retryable(code: "disk_full", text: PickupError.diskFull.text, after: nil)
            ),
            (.accessDenied, .rejected(code: "access_denied", text: PickupError.accessDenied.text)),
            (.lost, .retryable(code: "lost", text: "lost", after: nil)),
        ] {
            let place = FakePlace()
            place.failures["read \(name)"] = (error, isDone: false)
            #expect(Pickup(place: place).deliver(try file) == expected)
            #expect(place.steps.isEmpty)
        }
    }

    /// What is known of a step that failed: whether it was done all the same, and whether a look can tell.
    @Test(arguments: [true, false], [true, false])
    func `a name that may have been given is looked for`(isDone: Bool, canLook: Bool) throws {
        let place = FakePlace()
        place.failures["show \(name)"] = (.lost, isDone)
        place.isGoneAfterFailure = !canLook
        let outcome = Pickup(place: place).deliver(try file)
        switch (canLook, isDone) {
        case (true, true): #expect(outcome == .delivered(reference: name))
        case (true, false): #expect(outcome == .retryable(code: "lost", text: "lost", after: nil))
        case (false, _):
            guard case .unknown("lost", _) = outcome else {
                Issue.record("\(outcome)")
                return
            }
        }
    }

    @Test(arguments: ["sha256", "done"], [true, false])
    func `a companion that failed is unknown, unless a look finds the file whole`(kind: String, isDone: Bool) throws {
        let place = FakePlace()
        place.failures["add \(name).\(kind)"] = (.lost, isDone)
        let outcome = Pickup(place: place).deliver(try file)
        if kind == "done", isDone {
            #expect(outcome == .delivered(reference: name))
        } else {
            #expect(outcome == .unknown(code: "lost", text: "lost"))
            // And the next attempt sets it right.
            #expect(Pickup(place: place).deliver(try file) == .delivered(reference: name))
            #expect(place.files == whole)
        }
    }

    @Test func `a full disk before the name is given is tried again, and a refused folder is not`() throws {
        let place = FakePlace()
        place.failures["show \(name)"] = (.diskFull, false)
        #expect(
            Pickup(place: place).deliver(try file)
                == .retryable(code: "disk_full", text: PickupError.diskFull.text, after: nil))
        place.failures["show \(name)"] = (.noSuchFolder, false)
        #expect(
            Pickup(place: place).deliver(try file)
                == .rejected(code: "no_such_folder", text: PickupError.noSuchFolder.text))
    }

    @Test func `no outcome repeats what was sent`() throws {
        for step in ["read \(name)", "show \(name)", "add \(name).sha256", "add \(name).done"] {
            let place = FakePlace()
            place.failures[step] = (.lost, false)
            let outcome = "\(Pickup(place: place).deliver(try file))"
            for word in ["Edna", "Jessop", "Weir"] { #expect(!outcome.contains(word)) }
        }
    }

    // MARK: Afterwards

    @Test func `a file waits until there is a receipt or it is gone`() {
        #expect(Pickup(place: FakePlace(whole)).progress(of: name) == .waiting)
        #expect(Pickup(place: FakePlace(whole, receipts: ["\(name).rcv": [1]])).progress(of: name) == .complete)
        #expect(Pickup(place: FakePlace()).progress(of: name) == .complete)
    }

    @Test func `without its folder nothing is said to be fetched`() {
        let place = FakePlace()
        place.failures["check "] = (.noSuchFolder, false)
        guard case .unavailable("no_such_folder", _) = Pickup(place: place).progress(of: name) else {
            Issue.record("it is said to be fetched")
            return
        }
        place.failures["check "] = (.noSuchFolder, false)
        guard case .unknown("no_such_folder", _) = Pickup(place: place).withdraw(name) else {
            Issue.record("it is said to be fetched")
            return
        }
    }

    @Test func `a file that was not fetched is taken back, its marker first`() {
        let place = FakePlace(whole.merging(["\(name).part": content]) { $1 })
        #expect(Pickup(place: place).withdraw(name) == .removed)
        #expect(place.files.isEmpty)
        #expect(place.steps.first == "remove \(name).part", "it can be asked again as if nothing had been done")
        #expect(place.steps.dropFirst() == ["remove \(name).done", "remove \(name)", "remove \(name).sha256"])
        #expect(Pickup(place: place).withdraw(name) == .alreadyFetched)
    }

    @Test func `what its receiver has is not taken back`() {
        let place = FakePlace(whole, receipts: ["\(name).rcv": []])
        #expect(Pickup(place: place).withdraw(name) == .alreadyFetched)
        #expect(place.files == whole)
        #expect(Pickup(place: FakePlace()).withdraw(name) == .alreadyFetched)
    }

    @Test func `a file whose marker somebody took is removed, and nobody says that it was not fetched`() {
        let place = FakePlace([name: content])
        guard case .unknown("fetch_begun", _) = Pickup(place: place).withdraw(name) else {
            Issue.record("it is said to be known")
            return
        }
        #expect(place.files.isEmpty)
    }

    @Test func `a removal that fails is unknown and can be asked again`() {
        for (step, again) in [
            ("remove \(name).done", Withdrawal.removed), ("remove \(name).sha256", .alreadyFetched),
        ] {
            let place = FakePlace(whole)
            place.failures[step] = (.lost, false)
            #expect(Pickup(place: place).withdraw(name) == .unknown(code: "lost", text: "lost"))
            #expect(Pickup(place: place).withdraw(name) == again)
            #expect(place.files[name] == nil)
        }
    }

    // MARK: Names

    @Test(arguments: [
        "", ".", "..", ".hidden", "a/b", "../a", "a b", "a\nb", "a'b", "a\"b", "a\\b", "ä.csv", "a.part", "a.sha256",
        "a.done", "a.rcv", "a%2fb", String(repeating: "a", count: 201),
    ])
    func `a name that would have to be quoted, or is a companion's, is not sent`(name: String) {
        let delivery = Delivery(
            id: "1", attempt: 1, recipient: "somebody", bytes: [1], mediaType: "text/csv", fileName: name)
        #expect(OutgoingFile(delivery) == nil)
    }

    @Test func `without a name the delivery's id is one`() {
        let delivery = Delivery(
            id: "01a226f1-8d7c", attempt: 1, recipient: "somebody", bytes: [1], mediaType: "text/csv")
        #expect(OutgoingFile(delivery)?.name == "01a226f1-8d7c")
    }
}

extension PickupError {
    fileprivate static let lost = PickupError(code: "lost", text: "lost", mayBeDone: true)
}

/// A place in memory, each of whose steps can be made to fail once.
private final class FakePlace: PickupPlace {
    var files: [String: [UInt8]]
    var receipts: [String: [UInt8]]
    /// Those that were done and change something.
    var steps: [String] = []
    /// By step; and whether it is done all the same.
    var failures: [String: (error: PickupError, isDone: Bool)] = [:]
    /// Whether nothing can be read once a step has failed.
    var isGoneAfterFailure = false
    private var isGone = false

    init(_ files: [String: [UInt8]] = [:], receipts: [String: [UInt8]] = [:]) {
        self.files = files
        self.receipts = receipts
    }

    private func step(_ verb: String, _ name: String, _ body: () -> Void) throws(PickupError) {
        let failure = failures.removeValue(forKey: "\(verb) \(name)")
        if failure?.isDone ?? true {
            body()
            if verb != "read", verb != "check" { steps.append("\(verb) \(name)") }
        }
        guard let failure else { return }
        isGone = isGoneAfterFailure
        throw failure.error
    }

    func check() throws(PickupError) { try step("check", "") {} }

    func read(_ name: String, on shelf: PickupShelf, limit: Int) throws(PickupError) -> PickupContent {
        if isGone { throw .lost }
        try step("read", name) {}
        guard let bytes = (shelf == .files ? files : receipts)[name] else { return .missing }
        return bytes.count > limit ? .other : .bytes(bytes)
    }

    func show(_ name: String, _ bytes: [UInt8]) throws(PickupError) { try step("show", name) { files[name] = bytes } }

    func add(_ name: String, _ bytes: [UInt8]) throws(PickupError) { try step("add", name) { files[name] = bytes } }

    func remove(_ name: String) throws(PickupError) -> Bool {
        let wasThere = files[name] != nil
        try step("remove", name) { files[name] = nil }
        return wasThere
    }
}
