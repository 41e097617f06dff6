import Foundation
import Referral
import Testing

@testable import Translation

struct AdapterSkeletonTests {
    @Test func `the skeleton loads without a mistake and its sample passes`() throws {
        try AdapterFolder.with(["keep.txt": ""]) { folder in
            let files = try AdapterSkeleton.write(id: "new_partner", to: folder)
            #expect(files.contains("new_partner/adapter.yaml"))
            let (catalogue, diagnostics) = AdapterCatalogue.load(folder)
            #expect(diagnostics == [])
            #expect(SampleRunner.summary(SampleRunner().run(catalogue)) == "1 passed, 0 failed")
        }
    }

    @Test func `a folder that is there is never touched`() throws {
        try AdapterFolder.with(["mine/adapter.yaml": "id: mine"]) { folder in
            #expect(throws: AdapterSkeleton.Failure.self) { try AdapterSkeleton.write(id: "mine", to: folder) }
            #expect(AdapterFiles.bytes("\(folder)/mine/adapter.yaml") == Array("id: mine".utf8))
        }
    }

    @Test(arguments: ["", "x", "Über", "../up", "a b", "UPPER", String(repeating: "a", count: 41)])
    func `an id that is none is refused`(_ id: String) throws {
        try AdapterFolder.with(["keep.txt": ""]) { folder in
            _ = #expect(throws: AdapterSkeleton.Failure.self) { try AdapterSkeleton.write(id: id, to: folder) }
        }
    }
}
