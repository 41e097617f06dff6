import Referral
import Testing

@testable import Translation

struct XLSXStylesTests {
    private func styles(is1904: Bool = false) throws -> XLSXStyles {
        let sheet = """
            <styleSheet><numFmts>
            <numFmt numFmtId="164" formatCode="[$-809]dd\\ mmmm\\ yyyy"/>
            <numFmt numFmtId="165" formatCode="0.0 &quot;days&quot;"/>
            <numFmt numFmtId="166" formatCode="[Red]0.00"/><numFmt numFmtId="167" formatCode="[h]:mm"/>
            </numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="22"/>
            <xf numFmtId="166"/><xf numFmtId="167"/><xf numFmtId="x"/></cellXfs></styleSheet>
            """
        return XLSXStyles(try XMLDocument.parse(Array(sheet.utf8)), is1904: is1904)
    }

    @Test(arguments: [
        (1, "18264", "1950-01-01"), (2, "46349", "2026-11-23"), (1, "59", "1900-02-28"),
        (1, "61", "1900-03-01"),
        (1, "60", "60"), (1, "1", "1900-01-01"), (1, "-1", "-1"), (1, "3000000", "3000000"),
        (4, "46349.395833333336", "2026-11-23 09:30:00"), (4, "0.5", "12:00:00"),
        (4, "46348.999999", "2026-11-23"),
        (0, "18264", "18264"), (3, "3.5", "3.5"), (5, "3.5", "3.5"), (6, "0.25", "06:00:00"),
        (7, "5", "5"), (9, "18264", "18264"),
        (-1, "5", "5"), (0, "1.63296012E9", "1632960120"), (0, "1E300", "1E300"), (0, "nan", "nan"),
        (1, "1e999", "1e999"), (1, "", ""),
        (1, "x", "x"),
    ]) func `a number is shown as its format shows it`(
        _ style: Int, _ number: String, _ text: String
    )
        throws
    {
        #expect(try styles().text(of: number, style: style) == text)
    }

    @Test(arguments: [("0", "1904-01-01"), ("16802", "1950-01-01"), ("60", "1904-03-01")])
    func `the other calendar counts from 1904 and has no day that never was`(
        _ number: String, _ text: String
    ) throws {
        #expect(try styles(is1904: true).text(of: number, style: 1) == text)
    }

    @Test func `without styles nothing is a date`() {
        #expect(XLSXStyles(nil).text(of: "18264", style: 1) == "18264")
    }
}
