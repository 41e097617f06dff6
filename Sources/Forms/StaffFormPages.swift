import Mustache

/// The pages of the staff form, as HTML. Everything that was typed goes through Mustache's `{{…}}`, which escapes it.
struct StaffFormPages: Sendable {
    let team: String
    let path: String
    var documentsPath: String?

    func sent(reference: String, _ session: StaffForm.Session) -> String {
        render("staff_sent", "The referral is stored", ["reference": reference, "session": view(session)])
    }

    func failure(title: String, text: String) -> String { render("failure", title, ["text": text]) }

    func form(
        _ texts: [String: String], _ begun: PublicForm.Begun, _ session: StaffForm.Session, mistakes: [StaffMistake]
    ) -> String {
        let title = "Enter a referral"
        let values: [String: Any] = [
            "form": begun.id, "session": view(session), "heading": title,
            "mistakes": mistakes.map { ["field": $0.field, "text": $0.text] }, "hasMistakes": !mistakes.isEmpty,
            "sections": StaffSection.all.map { section -> [String: Any] in
                let questions = section.questions.map { view($0, texts, mistakes) }
                return ["heading": section.heading, "questions": questions]
            },
        ]
        return render("staff_form", mistakes.isEmpty ? title : "Error: \(title)", values)
    }

    private func render(_ template: String, _ title: String, _ more: [String: Any]) -> String {
        var values = more
        values["title"] = title
        values["path"] = path
        values["team"] = team
        return FormPages.library.render(values, withTemplate: template) ?? ""
    }

    private func view(_ session: StaffForm.Session) -> [String: String] {
        var view = session.view
        view["documentsPath"] = documentsPath
        return view
    }

    private func view(
        _ question: StaffQuestion, _ texts: [String: String], _ mistakes: [StaffMistake]
    ) -> [String: Any] {
        let mistake = mistakes.first { question.fields.contains($0.field) }
        let described = [
            question.hint.map { _ in "\(question.name)-hint" }, mistake.map { _ in "\(question.name)-error" },
        ].compactMap { $0 }.joined(separator: " ")
        var view: [String: Any] = [
            "name": question.name, "label": question.label, "value": texts[question.name] ?? "",
        ]
        view["hint"] = question.hint
        view["mistake"] = mistake?.text
        view["described"] = described.isEmpty ? nil : described
        switch question.kind {
        case .choice, .selection:
            view[question.kind == .choice ? "isChoice" : "isSelection"] = true
            view["options"] = question.options.enumerated().map { index, option in
                [
                    "id": index == 0 ? question.name : "\(question.name)-\(index + 1)", "name": question.name,
                    "value": option.value, "label": option.label, "isChosen": texts[question.name] == option.value,
                ] as [String: Any]
            }
        case .choices:
            view["isChoices"] = true
            view["options"] = question.options.map { option in
                let name = "\(question.name)_\(option.value)"
                return ["name": name, "label": option.label, "isChosen": texts[name] != nil] as [String: Any]
            }
        case .date:
            view["isDate"] = true
            view["parts"] = zip(["Day", "Month", "Year"], question.fields).map { label, name in
                [
                    "name": name, "label": label, "value": texts[name] ?? "", "isWide": label == "Year",
                    "isMistaken": mistake?.field == name,
                ] as [String: Any]
            }
        case .paragraph: view["isParagraph"] = true
        case .line, .number, .telephone, .email:
            view["isLine"] = true
            view["type"] = question.kind == .telephone ? "tel" : question.kind == .email ? "email" : "text"
            view["isNumber"] = question.kind == .number
            view["isShort"] = question.kind == .number || question.longest <= 30
        }
        return view
    }
}
