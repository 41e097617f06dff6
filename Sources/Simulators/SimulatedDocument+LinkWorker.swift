extension SimulatedDocument {
    /// The envelope of a surgery's link worker who has come to know somebody well: about 2.2 KB, as referrals of the
    /// social prescribing standard (DAPB4066) tend to be. The person's home is among the needs.
    static func linkWorkerEnvelope(_ person: InventedPerson, sender: String, id: String, at: String) -> [UInt8] {
        json([
            "message_id": id, "sender": sender, "sent_at": at, "type": "referral", "urgency": "routine",
            "marking": "OFFICIAL-SENSITIVE",
            "reason_for_referral": person.reason + " Recently bereaved, seldom leaves the flat since March. Would like "
                + "company and help to get back to the choir. Some worry about letters from the energy supplier that have "
                + "gone unopened. Damp in the bedroom was reported to the landlord twice and has come back.",
            "what_matters":
                "To sing again, to sleep in a dry room, and to have somebody to ring when a letter comes that "
                + "cannot be understood. A call before any visit, please; the bell is not heard in the kitchen.",
            "actions": [
                "Told about the choir at the community centre and who to ask for",
                "Left the leaflet about condensation, with the landlord's number written on it",
                "Will see the person again in four weeks",
                "Rang the energy supplier together from the surgery; the supplier will ring back on Thursday about the letters "
                    + "and a payment plan, and has put a note on the account",
                "Asked the pharmacy to deliver, so that nobody has to go out for it while the path is icy; the first delivery "
                    + "is on Monday and the neighbour will take it in",
            ],
            "needs": [person.need, "housing_condition", "isolation"],
            "risks": [
                ["code": "dog", "detail": "A terrier that is shut in the kitchen when asked", "to_visitors": true]
                    as [String: Any]
            ],
            "person": [
                "given": person.given, "family": person.family, "dob": person.born, "sex": person.sex,
                "phone": [person.phone, person.mobile], "email": person.email, "language": "en",
                "preferred_contact": "phone",
                "identifiers": [["type": "nhs_number", "value": person.nhsNumber, "source": sender]],
            ] as [String: Any],
            "address": [
                "lines": [person.street, "Littleover"], "town": "Derby", "postcode": person.postcode,
                "safe_to_write": true, "safe_to_visit": true,
            ] as [String: Any],
            "consent": [
                "known": true, "agreed": "yes", "by": "subject", "on": String(at.prefix(10)),
                "note": "Asked at the surgery, in private; knows that the landlord may be told about the damp",
            ] as [String: Any],
            "referrer": [
                "name": "Una Worker", "role": "Social prescribing link worker", "organisation": "Example Surgery",
                "phone": "01632 960801", "email": "una.worker@example.org",
            ],
            "safeguarding": ["concern": false],
        ])
    }
}
