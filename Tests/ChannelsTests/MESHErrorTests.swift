import Testing

@testable import Channels

@Suite struct MESHErrorTests {
    @Test(arguments: [425, 429, 500, 502, 503, 504])
    func `a server that is busy or broken is asked again`(status: Int) {
        #expect(MESHError(status: status, meshCode: nil).nature == .retryable(after: nil))
    }

    @Test(arguments: [400, 403, 404, 410, 417, 422, 423])
    func `what the request itself got wrong is not repeated`(status: Int) {
        #expect(MESHError(status: status, meshCode: nil).nature == .permanent)
    }

    @Test func `MESH's own code tells more than the status`() {
        #expect(MESHError(status: 417, meshCode: "12").code == "mesh_12")
        #expect(MESHError(status: 403, meshCode: "EPL-151").code == "mesh_epl_151")
        #expect(MESHError(status: 417, meshCode: "made up").code == "mesh_http_417")
    }
}
