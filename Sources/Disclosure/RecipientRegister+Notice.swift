import Referral

extension RecipientRegister {
    /// Everybody the notice names, with the ids of section 4 of the policy.
    package static let notice = RecipientRegister(
        council + listed + byClause + [Recipient("subject", .person, names: [.init(text: "you")])],
        inboundOnly: [
            "probation", "school", "college", "university", "care_home", "housing_association", "faith_group",
            "voluntary", "public",
        ])

    private static let council = [
        recipient("council_derby_advice", .council, "Derby Advice"),
        recipient("council_hctb", .council, "Housing and Council Tax Benefit"),
        recipient("council_asc", .council, "Adult Social Care"),
        recipient("council_childrens", .council, "Children's Services"),
        recipient("council_insight", .council, "the council's evaluation team"),
        recipient("council_audit", .council, "the council's audit team"),
    ]

    private static let listed = [
        Recipient(
            "uhdb", .listed,
            names: [
                .init(text: "Derby Teaching Hospitals NHS Foundation Trust"),
                .init(
                    text: "University Hospitals of Derby and Burton NHS Foundation Trust",
                    since: CalendarDate(year: 2018, month: 7, day: 1)),
            ]),
        recipient("dhcft", .listed, "Derbyshire Healthcare NHS Foundation Trust"),
        recipient("dchs", .listed, "Derbyshire Community Health Services NHS Foundation Trust"),
        recipient("necs", .listed, "North of England Commissioning Support"),
        recipient("emas", .listed, "East Midlands Ambulance Service"),
        Recipient("gp", .listed, names: [.init(text: "the GP surgery")], isKind: true),
        recipient("derbys_police", .listed, "Derbyshire Constabulary"),
        recipient("derby_yos", .listed, "Derby City Youth Offending Service"),
        recipient("derby_homes", .listed, "Derby Homes"),
        recipient("dwp_jcp", .listed, "the Department for Work and Pensions and Jobcentre Plus"),
        recipient("derbys_fire", .listed, "Derbyshire Fire and Rescue Service"),
    ]

    private static let byClause = [
        Recipient("health_professional", .byClause, names: [.init(text: "the health professional")], isKind: true),
        Recipient(
            "care_provider", .byClause, names: [.init(text: "the care provider")], isKind: true, needsContract: true),
        Recipient(
            "equipment_provider", .byClause, names: [.init(text: "the equipment provider")], isKind: true,
            needsContract: true),
        recipient("court_of_protection", .byClause, "the Court of Protection"),
        recipient("cabinet_office", .byClause, "the Cabinet Office"),
        // The notice writes Ipsos MORI, the company's former name.
        recipient("ipsos", .byClause, "Ipsos"),
    ]

    private static func recipient(_ id: String, _ standing: Recipient.Standing, _ name: String) -> Recipient {
        Recipient(id, standing, names: [.init(text: name)])
    }
}
