import Referral

/// Runs expressions over a document and gathers what is wrong with it. Never stops: a value that cannot be used is left out.
struct Evaluation {
    /// A finding about the document, and the field that it kept from being filled.
    struct Raised: Sendable {
        var finding: Finding
        var isError: Bool
        /// The canonical or outbound field concerned, such as `person.dob`.
        var target: String
    }

    private(set) var raised: [Raised] = []
    /// What was put where, and where it stood; in the order of the mapping.
    var found: [Found] = []
    /// What it may use, where a draft is tried.
    private let budget = TrialBudget.current

    /// What an expression gives; empty when the field is to be left out.
    mutating func items(_ expression: Expression, _ scope: Scope, for target: Place) -> [Item] {
        var items: [Item] = []
        guard budget?.spend(1) != false else { return [] }
        for alternative in expression.alternatives {
            for operand in alternative {
                let found =
                    switch operand {
                    case .path(let path): path.items(scope)
                    case .literal(let value): [Item(literal: value)]
                    case .group(let group): self.items(group, scope, for: target)
                    }
                guard affords(found) else { return [] }
                if items.isEmpty { items = found } else { items += found }
            }
            items.removeAll(where: \.isNothing)
            if !items.isEmpty { break }
        }
        for step in expression.steps {
            if items.isEmpty, !step.worksOnNothing { continue }
            items = apply(step, to: items, scope, expression, target)
            guard affords(items) else { return [] }
            items.removeAll(where: \.isNothing)
        }
        return items
    }

    /// Whether all clauses of a condition hold.
    mutating func holds(_ condition: Condition?, _ scope: Scope) -> Bool {
        guard let condition else { return true }
        return condition.clauses.allSatisfy { clause in
            clause.test.holds(items(clause.operand, scope, for: .document).map { $0.text ?? "{}" })
        }
    }

    private mutating func apply(
        _ step: Expression.Step, to items: [Item], _ scope: Scope, _ expression: Expression, _ target: Place
    ) -> [Item] {
        switch step {
        case .transform(let transform, let refused): return apply(transform, refused, to: items, target)
        case .code(let table, let keepsRaw): return apply(table, keepsRaw, to: items, target)
        case .gather(let gathering): return gather(gathering, items, target)
        case .map(let path):
            return items.enumerated().flatMap { index, item in
                let found = path.items(scope.within(item, index: index + 1))
                return affords(found) ? found : []
            }
        case .keep(let condition):
            return items.enumerated().filter { holds(condition, scope.within($1, index: $0 + 1)) }.map(\.element)
        case .when(let condition): return holds(condition, scope) ? items : []
        case .fallback(let value): return items.isEmpty ? [Item(literal: value)] : items
        case .required:
            if items.isEmpty {
                let place = expression.firstPath
                raise(Finding(.missing, at: place, "nothing is given for \(target.text)"), isError: true, target)
            }
            return items
        }
    }

    private mutating func apply(
        _ transform: Transform, _ refused: Expression.Refused, to items: [Item], _ target: Place
    ) -> [Item] {
        var changed: [Item] = []
        for var item in items {
            guard let text = item.text else { continue }
            do throws(Transform.Refusal) {
                item.node = .value(.string(try transform.apply(text)))
            } catch {
                raise(Finding(error.code, at: item.place.text, error.text), isError: refused == .error, target)
                if refused != .kept { continue }
            }
            changed.append(item)
        }
        return changed
    }

    private mutating func apply(_ table: CodeTable, _ keepsRaw: Bool, to items: [Item], _ target: Place) -> [Item] {
        var changed: [Item] = []
        for var item in items {
            guard let text = item.text else { continue }
            switch table.answer(for: text) {
            case .meaning(let meaning):
                item.node = .value(.string(meaning))
                changed.append(item)
            case .nothing: break
            case .unknown:
                raise(Finding(.unknownCode, at: item.place.text, "the code is not in the list"), isError: false, target)
                if keepsRaw { changed.append(item) }
            }
        }
        return changed
    }

    private mutating func gather(_ gathering: Expression.Gathering, _ items: [Item], _ target: Place) -> [Item] {
        guard let first = items.first else { return [] }
        switch gathering {
        case .first: return [first]
        case .last: return items.suffix(1)
        case .unique:
            var seen: Set<String> = []
            return items.filter { item in item.text.map { seen.insert($0).inserted } ?? true }
        case .one:
            guard items.count > 1 else { return items }
            raise(Finding(.schema, at: items[1].place.text, "only one is expected"), isError: true, target)
            return []
        case .join(let separator):
            let texts = items.compactMap(\.text)
            var joined = Item(text: texts.joined(separator: separator), at: first.place)
            joined.isFound = items.contains(where: \.isFound)
            joined.joined = items.dropFirst().filter { $0.isFound && $0.text != nil }.map(\.place)
            return [joined]
        case .split(let separator):
            return items.flatMap { item in
                (item.text ?? "").parts(at: separator).map { Item(text: $0, at: item.place) }
            }
        case .count: return [Item(.value(.number(String(items.count))), at: first.place)]
        }
    }

    /// Whether it goes on: always, but where a draft has used what it may.
    var goesOn: Bool { budget?.isSpent != true }

    /// Whether there may be so many more items. Each list is paid for before anything works on it.
    private func affords(_ items: [Item]) -> Bool {
        guard let budget else { return true }
        return items.allSatisfy { budget.spend(1 + ($0.text?.utf8.count ?? 0) / 64) }
    }

    private mutating func raise(_ finding: Finding, isError: Bool, _ target: Place) {
        raised.append(Raised(finding: finding, isError: isError, target: target.text))
    }
}

extension Expression {
    /// The first path as it was written, by which a finding names what is missing.
    fileprivate var firstPath: String {
        String(source.split { " |(".contains($0) }.first ?? "")
    }
}
