package import Referral

extension InventedPerson {
    /// An access card of about 1.5 KB, with something in each of its sections, for the door of this person's home.
    ///
    /// - Parameter verifiedOn: `yyyy-mm-dd`, not in the future.
    package func accessCard(uprn: String, verifiedOn: String) -> Value {
        let house = String(street.prefix { $0 != " " })
        let address: Value = [
            "house": .string(house), "lines": [.string(street), "Littleover", "Derby"], "postcode": .string(postcode),
            "uprn": .string(uprn), "latitude": .number("52.9063"), "longitude": .number("-1.5058"),
            "directions": "Through the archway beside the launderette, then the second gate; the number is on the bin",
        ]
        let keySafe: Value = [
            "present": true, "location": "Behind the downpipe to the left of the back door, at knee height",
            "code": .string("C\(uprn.suffix(4))X"),
        ]
        let entry: Value = [
            "door": "Side door; the front door is blocked by furniture", "floor": "Ground, two steps up",
            "lift": false, "alarm_code_holder": "Example Careline", "dog": "A terrier, shut in the kitchen when asked",
            "parking": "Bay 4 in the yard; an ambulance fits under the archway",
        ]
        let hazards: Value = [
            [
                "kind": "oxygen", "text": "Concentrator beside the bed, cylinders in the hall cupboard",
                "source": "Home oxygen service",
            ],
            [
                "kind": "hoarding", "text": "The way to the bedroom is clear, the stairs are not",
                "source": "Landlord",
            ],
        ]
        let critical: Value = [
            ["kind": "mobility", "text": "Walks with a frame; two to help from the floor"],
            ["kind": "communication", "text": "Hears with the left ear only; does not hear the bell in the kitchen"],
            ["kind": "allergy", "text": "Penicillin"],
            ["kind": "respect_or_dnacpr_exists", "kept_at": "In the green bottle in the door of the fridge"],
        ]
        let contacts: Value = [
            ["name": "Robin Example", "relation": "Daughter", "phone": .string(mobile), "key_holder": true],
            ["name": "Sam Example", "relation": "Neighbour, across the yard", "phone": .string(phone)],
        ]
        return [
            "address": address, "key_safe": keySafe, "entry": entry, "occupants": ["adults": 2, "children": 0],
            "hazards": hazards, "crit": critical, "contacts": contacts, "verified_on": .string(verifiedOn),
        ]
    }
}
