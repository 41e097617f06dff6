import NIOHTTP1
import Testing

@testable import Channels

@Suite struct MESHMessageTests {
    /// It goes to the log, the ledger and staff, whatever stood in the report's header.
    @Test(arguments: [
        ("14", "mesh_14"), ("EPL-151", "mesh_epl_151"), ("", "mesh_report"), ("14\nerror hub: forged", "mesh_report"),
        ("14\r\n", "mesh_report"), ("14 code=15", "mesh_report"), ("\u{1B}[2J", "mesh_report"), ("１４", "mesh_report"),
        (String(repeating: "1", count: 21), "mesh_report"),
    ])
    func `why a message failed is one word`(code: String, word: String) throws {
        let headers: HTTPHeaders = ["Mex-MessageID": "M1", "Mex-MessageType": "REPORT", "Mex-StatusCode": code]
        #expect(try MESHClient.metadata(headers).failureCode == word)
    }
}
