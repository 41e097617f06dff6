import Testing
import Translation

struct DocumentFormatTests {
    @Test(
        arguments: [
            ("{\"message_id\":\"1\"}", .json), (" \n[1]", .json), ("{ \"resourceType\": \"Bundle\" }", .fhir),
            ("<a/>", .xml), ("<?xml version='1.0'?><!-- <x> --><f:Bundle xmlns:f='http://hl7.org/fhir'>", .fhir),
            ("<a><Bundle xmlns='http://hl7.org/fhir'/></a>", .xml), ("<", .xml), ("<!--", .xml),
            ("\u{FEFF}<?xml version='1.0'?><a/>", .xml), ("MSH|^~\\&|A", .hl7v2), ("\u{0B}MSH|^~\\&|A", .hl7v2),
            ("FHS|^~\\&|", .hl7v2),
            ("\u{FEFF}MSH|^~\\&|A", .hl7v2), ("name,dob\n", .csv), ("MSHA,x\n", .csv), ("", nil), (" ", nil),
            ("%PDF\u{1}", nil),
        ] as [(String, DocumentFormat?)])
    func `the form is guessed from the first characters`(text: String, format: DocumentFormat?) {
        #expect(DocumentFormat.guess(Array(text.utf8)) == format)
    }
}
