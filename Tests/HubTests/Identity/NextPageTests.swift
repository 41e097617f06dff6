import Testing

@testable import Hub

@Suite struct NextPageTests {
    @Test(arguments: [
        "/console/messages", "/console/messages/01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5f12",
        "/console/messages?sender=uhdb&state=refused&from=2026-01-01", "/console/queues/to_derby_homes",
        "/console/messages?cause=a%20b+c", "/console?over=7d",
    ])
    func `a page of the console is gone to`(path: String) { #expect(NextPage(path)?.path == path) }

    @Test(arguments: [
        nil, "", "/", "/console", "/console/feed?over=1h", "/console/console.js?v=1", "/console/console.css",
        "console/messages", "/staff/sign-out", "//evil.example/console/",
        "/console//evil.example",
        "https://evil.example/console/x", "/console/../staff/sign-out", "/console/%2e%2e/x", "/console/x\\evil",
        "/console/x#y",
        "/console/x?y=<script>", "/console/x?y=\"z", "/console/x\r\nSet-Cookie: a=b", "/console/x\n", "/console/é",
        "/console/x?to=https://evil.example", "/consolex/y", "/console/" + String(repeating: "x", count: 500),
    ])
    func `nothing else is`(path: String?) { #expect(NextPage(path) == nil) }

    @Test func `it is brought along to where one signs in`() {
        #expect(
            NextPage("/console/messages?a=b&c=d")?.signInPath
                == "/staff/sign-in?next=%2Fconsole%2Fmessages%3Fa%3Db%26c%3Dd")
    }
}
