import CaseStore
import Disclosure
import Rights
import Testing

@testable import Hub

@Suite struct WorkItemKindTests {
    private static func kinds(of role: Role) -> Set<WorkItemKind> {
        Set(WorkItemKind.allCases.filter { $0.operations.contains { Rights.reach(of: role, for: $0) != nil } })
    }

    @Test(arguments: WorkItemKind.allCases)
    func `each kind is somebody's, and says what it is and what to do`(kind: WorkItemKind) {
        #expect(Role.ofStaff.contains { Self.kinds(of: $0).contains(kind) })
        #expect(kind.title.first?.isUppercase == true && kind.title.dropFirst() == kind.words(1).dropFirst())
        #expect(kind.words(2) != kind.title && kind.advice.hasSuffix("."))
    }

    /// A document says whom it is about, and so does whoever is asked about a share.
    @Test func `who sees no person deals with ways, files and queues alone`() {
        #expect(
            Self.kinds(of: .operator) == [
                .deadLetter, .failedShare, .failedExtract, .failedFile, .undeliveredAnswer, .refusedSubmission,
            ])
        #expect(Self.kinds(of: .auditor).isEmpty && Self.kinds(of: .administrator).isEmpty)
    }

    @Test func `what is decided on a page of its own is nobody's word`() {
        for kind in WorkItemKind.allCases {
            let isWord = kind.operations.isSubset(of: [
                .finishWork, .finishQueueWork, .reviewLook, .reviewAccess,
            ])
            #expect(kind.isDecided == !(isWord && kind != .emergencyLook), "\(kind)")
        }
    }

    @Test(arguments: GivenAccess.allCases)
    func `each way of letting somebody in to persons is told in words`(access: GivenAccess) {
        #expect(WorkItemKind.givenAccess.explanation(of: access.rawValue)?.hasSuffix(".") == true)
    }

    @Test func `a share that waits says why, whatever the policy gave as the reason`() {
        for reason in ReasonCode.allCases {
            #expect(ShareState.reason(forParking: reason.rawValue) != nil, "\(reason)")
        }
        #expect(ShareState.reason(forParking: Decision.secondPersonRequired) != nil)
        #expect(ShareState.reason(forParking: "person_merged") != nil && ShareState.reason(forParking: "x y") == nil)
    }
}
