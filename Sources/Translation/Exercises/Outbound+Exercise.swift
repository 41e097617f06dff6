extension Outbound {
    /// The same way out for an exercise: of its row only what the sheet takes, by the sheet's rules, from the sheet's day on.
    package func filling(_ sheet: ExerciseSheet) -> Outbound {
        var filling = self
        filling.sheet = sheet
        filling.shape = shape.keeping(Set(sheet.columns.compactMap(\.source)))
        filling.batch = Batch(from: sheet.extractOn)
        return filling
    }
}

extension Adapter {
    /// The same adapter with the sheet of an exercise for its ways out by a channel; as it is, with every mistake, when the
    /// sheet has one.
    package func filling(
        sheetFile path: String, by channel: Outbound.Channel
    ) -> (adapter: Adapter, mistakes: [AdapterDiagnostic]) {
        var filled = self
        var mistakes: [AdapterDiagnostic] = []
        for index in outbound.indices where outbound[index].channel == channel {
            let (sheet, found) = ExerciseSheet.load(path, for: outbound[index])
            mistakes += found
            if let sheet { filled.outbound[index] = outbound[index].filling(sheet) }
        }
        return (filled, mistakes)
    }
}

extension Shape {
    /// The columns of a table of one row, each with the fields of the release that fill it; nil for anything else.
    var columns: [String: Set<String>]? {
        guard case .table(_, .object(let block)) = content, case .members(let members) = block.content else {
            return nil
        }
        return Dictionary(
            members.map { ($0.key, Set(ReleaseField.named(in: $0.rule.expressions).map(\.path))) },
            uniquingKeysWith: { first, _ in first })
    }

    /// The same table with some of its columns, and no field that only the others name.
    func keeping(_ headings: Set<String>) -> Shape {
        guard case .table(let all, .object(var block)) = content, case .members(let members) = block.content else {
            return self
        }
        let kept = members.filter { headings.contains($0.key) }
        block.content = .members(kept)
        return Shape(
            content: .table(all.filter(headings.contains), .object(block)),
            fields: ReleaseField.named(in: block.expressions))
    }
}
