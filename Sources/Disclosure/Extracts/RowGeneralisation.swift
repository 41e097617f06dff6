import Referral

/// How finely rows tell what somebody could be recognised by.
package struct RowGeneralisation: Sendable, Hashable {
    /// Nil when no area is told.
    package let area: AreaLevel?
    /// Years in an age band; nil when no age is told.
    package let ageWidth: Int?
    package let hasSex: Bool

    package init(area: AreaLevel?, ageWidth: Int?, hasSex: Bool) {
        self.area = area
        self.ageWidth = ageWidth
        self.hasSex = hasSex
    }

    /// Whether no column of this tells more than the same column of another: rows by this, set beside rows by the other
    /// about the same person, tell nothing that those do not tell alone.
    func isWithin(_ other: RowGeneralisation) -> Bool {
        func rank(_ area: AreaLevel?) -> Int {
            switch area {
            case .lsoa: 0
            case .ward: 1
            case nil: 2
            }
        }
        let isAgeWithin =
            switch (ageWidth, other.ageWidth) {
            case (nil, _): true
            case (_, nil): false
            case (let width?, let finer?): width % finer == 0
            }
        return rank(area) >= rank(other.area) && isAgeWithin && (!hasSex || other.hasSex)
    }

    /// What somebody could be recognised by, in one text: those who have it in common are a group.
    func group(of record: CohortRecord) -> [String] {
        [
            ageWidth.map { AgeBand.ofRow(record.age, width: $0) } ?? "",
            hasSex ? (record.sex ?? .unknown).rawValue : "",
            area?.code(of: record.area) ?? "",
        ]
    }

    /// From the finest to the coarsest that the released groups allow: areas first become wards and are then left out, age
    /// bands of 5 years become 10 and 30, and in the end neither age nor sex is told.
    static func steps(_ groups: Set<FieldGroup>) -> [RowGeneralisation] {
        let all: [(AreaLevel?, Int?, Bool)] = [
            (.lsoa, 5, true), (.ward, 5, true), (.ward, 10, true), (nil, 5, true), (nil, 10, true), (nil, 30, true),
            (nil, nil, true), (nil, nil, false),
        ]
        let (hasArea, hasDemographics) = (groups.contains(.area), groups.contains(.demographics))
        return all.reduce(into: []) { steps, step in
            let step = RowGeneralisation(
                area: hasArea ? step.0 : nil, ageWidth: hasDemographics ? step.1 : nil,
                hasSex: hasDemographics && step.2)
            if !steps.contains(step) { steps.append(step) }
        }
    }
}
