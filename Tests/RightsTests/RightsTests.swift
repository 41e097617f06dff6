import Testing

@testable import Rights

/// What holds for every cell of the table, whatever stands in it. That the doors keep to the table is shown on the running
/// hub, cell by cell, by `Tests/Peers/test_rights.py`.
@Suite struct RightsTests {
    static let cells = Operation.allCases.flatMap { operation in Role.allCases.map { (operation, $0) } }

    /// A partner is told of its own alone; nobody of staff has anything of their own, so their rights are over everybody's.
    @Test(arguments: cells)
    func `a partner reaches what is its own, staff what is anybody's`(operation: Operation, role: Role) {
        guard let reach = Rights.reach(of: role, for: operation) else { return }
        #expect(reach == (role == .partner ? .own : .any))
    }

    /// Whoever watches queues, audits or gives out accounts never sees a person, and changes nothing of one.
    @Test(arguments: cells.filter { [.operator, .auditor, .administrator].contains($0.1) })
    func `who works on the machine sees no person`(operation: Operation, role: Role) {
        let harmless: Set<Operation> =
            switch role {
            case .auditor:
                [
                    .readReceipt, .readShare, .readApproval, .readLook, .watchFlow, .readTrace, .readLedger,
                    .readSettings,
                    .readStaff,
                ]
            case .operator: [.readReceipt, .watchFlow, .readTrace, .mendQueues, .finishQueueWork, .readSettings]
            default: [.watchFlow, .readSettings, .managePartners, .readStaff, .manageStaff]
            }
        #expect((Rights.reach(of: role, for: operation) != nil) == harmless.contains(operation))
    }

    @Test func `who sees persons is told apart from who does not`() {
        #expect(Role.ofStaff.filter(Rights.seesPersons) == [.coordinator, .dutyOfficer, .privacyOfficer])
    }

    /// Else who lets somebody in says as well that it was right.
    @Test func `whoever gives out accounts does not review it`() {
        for role in Role.allCases where Rights.reach(of: role, for: .manageStaff) != nil {
            #expect(Rights.reach(of: role, for: .reviewAccess) == nil, "\(role)")
        }
    }

    @Test func `a control room may look up and nothing else`() {
        #expect(Operation.allCases.filter { Rights.reach(of: .controlRoom, for: $0) != nil } == [.lookUp])
    }

    @Test func `nobody of staff looks up`() {
        #expect(Role.ofStaff.allSatisfy { Rights.reach(of: $0, for: .lookUp) == nil })
    }

    /// Four eyes are worth nothing where those who ask for a share approve it as well.
    @Test func `nobody asks for a share and approves it by one role`() {
        for role in Role.allCases where Rights.reach(of: role, for: .requestShare) != nil {
            #expect(Rights.reach(of: role, for: .approveShare) == nil, "\(role)")
            #expect(Rights.reach(of: role, for: .approveAsPrivacyOfficer) == nil, "\(role)")
        }
    }

    @Test func `several roles reach as far as the farthest of them, and none reach nothing`() {
        #expect(Rights.reach(of: [.partner, .coordinator], for: .readReceipt) == .any)
        #expect(Rights.reach(of: [.partner, .administrator], for: .readReceipt) == .own)
        #expect(Operation.allCases.allSatisfy { Rights.reach(of: [], for: $0) == nil })
    }

    @Test func `each operation is somebody's`() {
        for operation in Operation.allCases { #expect(!Rights.row(operation).isEmpty, "\(operation)") }
    }
}
