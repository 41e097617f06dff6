import Foundation
import Referral
import Testing

@testable import Console

@Suite struct PersonSearchTests {
    private let console = Console(team: "Example")
    private let reader = Console.Reader(
        account: "a.worker", token: "t0ken", signOutPath: "/out", accountPath: "/me", nonce: "n0nce")
    private let now = Instant(rfc3339: "2026-07-01T12:00:00Z")!
    private let today = CalendarDate(iso: "2026-07-01")!

    private func search(_ fields: [String: String]) -> PersonSearch { PersonSearch(fields, today: today) }

    @Test func `what is typed is brought into its normal form`() {
        let read = search([
            "nhs_number": " 999 000 0018 ", "family_name": " O’Brien-Smith ", "birth_date": "2/1/1950",
            "postcode": "de12fs",
            "token": "t0ken",
        ])
        #expect(read.mistakes.isEmpty && read.nhsNumber == "9990000018" && read.family == "O’Brien-Smith")
        #expect(read.birthDate == CalendarDate(iso: "1950-01-02") && read.postcode == "DE1 2FS")
        #expect(search(["birth_date": "1950-01-02"]).birthDate == search(["birth_date": "02.01.1950"]).birthDate)
    }

    @Test(arguments: [
        ("nhs_number", "999 000 0019"), ("nhs_number", "12"), ("nhs_number", String(repeating: "9", count: 400)),
        ("family_name", "123"), ("family_name", String(repeating: "x", count: 101)), ("birth_date", "31/2/1950"),
        ("birth_date", "1950"), ("birth_date", "2/7/2026"), ("birth_date", "2/1/50"), ("postcode", "DERBY"),
        ("postcode", "ZZ99 3VZ"),
    ])
    func `what cannot be looked for is said at its field`(field: String, value: String) {
        let read = search([field: value])
        #expect(read.mistakes.map(\.field) == [field])
        let page = console.personSearch(read, reader, sections: [.messages])
        #expect(page.contains("<title>Error: Find a person") && page.contains("id=\"\(field)-error\""))
    }

    @Test func `a wrong check digit is told as what it is`() {
        #expect(search(["nhs_number": "999 000 0019"]).mistakes.first?.text.contains("check digit") == true)
    }

    @Test func `nothing at all is a mistake`() {
        #expect(search([:]).mistakes.count == 1 && search(["family_name": "  ", "postcode": ""]).mistakes.count == 1)
    }

    @Test func `of somebody who is found stand initials, year and district, and no more`() {
        let person = MaskedPerson(
            id: "p-1", given: "elsie", family: "Canary", birthDate: CalendarDate(iso: "1950-04-30"),
            postcode: "DE23 8XY",
            referrals: [.init(id: "r-1", at: now, sender: "uhdb", type: "referral", state: "accepted")])
        let page = console.personsFound(
            [person], mayBeMore: false, for: search(["family_name": "Canary"]), at: now, reader, sections: [.messages])
        #expect(page.contains("E. C., born 1950, DE23</h3>") && page.contains("One person fits"))
        #expect(page.contains("href=\"/console/persons/p-1\"") && page.contains("/console/messages/r-1"))
        for hidden in ["elsie", "1950-04", "8XY", "30/4"] { #expect(!page.contains(hidden), "\(hidden)") }
        #expect(page.contains("<title>Find a person – Example</title>"))
    }

    @Test func `of whom little is known that little is said`() {
        let person = MaskedPerson(id: "p-1", given: nil, family: "", birthDate: nil, postcode: nil, referrals: [])
        let page = console.personsFound(
            [person], mayBeMore: true, for: search([:]), at: now, reader, sections: [.messages])
        #expect(page.contains("No name, birth date not known</h3>") && page.contains("there may be more"))
    }
}
