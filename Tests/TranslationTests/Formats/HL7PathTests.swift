import Testing
import Translation

struct HL7PathTests {
    @Test(arguments: ["NTE-3", "PID-5.1", "PID-3(2).4.2", "NK1(2)-2.1", "NK1", "ZU1-12", "-2.1", "-3(1)", ".4.2", ".1"])
    func `a path is written as it is read`(text: String) throws {
        #expect(try #require(HL7Path(text)).description == text)
    }

    @Test(
        arguments: [
            "", "P", "PI-1", "pid-3", "PID-", "PID-0", "PID-1000", "PID-3.", "PID-3.0", "PID-3()", "PID-3(0)",
            "PID-3(1", "PID.3",
            "PID-3.1.2.3", "PID-3 ", " PID-3", "PID-3-4", "PID-٣", "-", ".", "PID()-3", "1ID-3",
            "PID-99999999999999999999",
        ])
    func `what is no path is refused`(text: String) {
        #expect(HL7Path(text) == nil)
    }

    @Test func `the parts of a path are told apart`() {
        let path: HL7Path = "PID(4)-3(2).4.1"
        #expect(path.segment == "PID" && path.occurrence == 4 && path.field == 3)
        #expect(path.repetition == 2 && path.component == 4 && path.subcomponent == 1)
    }
}
