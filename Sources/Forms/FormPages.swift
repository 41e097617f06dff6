import Mustache

/// The pages of the public form, as HTML.
///
/// Everything that a sender wrote goes through Mustache's `{{…}}`, which escapes it; the templates have no `{{{…}}}`.
struct FormPages: Sendable {
    let team: PublicForm.Team
    let path: String

    /// The templates of both forms.
    static let library: MustacheLibrary = {
        let sources: [(String, [UInt8])] = [
            ("layout", PackageResources.layout_mustache), ("start", PackageResources.start_mustache),
            ("questions", PackageResources.questions_mustache), ("emergency", PackageResources.emergency_mustache),
            ("check", PackageResources.check_mustache), ("sent", PackageResources.sent_mustache),
            ("failure", PackageResources.failure_mustache), ("question", PackageResources.question_mustache),
            ("session", PackageResources.session_mustache), ("sign_in", PackageResources.sign_in_mustache),
            ("documents", PackageResources.documents_mustache), ("signed_in", PackageResources.signed_in_mustache),
            ("set_up", PackageResources.set_up_mustache), ("account", PackageResources.account_mustache),
            ("password_question", PackageResources.password_question_mustache),
            ("control_room", PackageResources.control_room_mustache),
            ("control_room_answer", PackageResources.control_room_answer_mustache),
            ("control_room_code", PackageResources.control_room_code_mustache),
            ("staff_form", PackageResources.staff_form_mustache), ("staff_sent", PackageResources.staff_sent_mustache),
        ]
        var library = MustacheLibrary()
        for (name, bytes) in sources {
            do {
                try library.register(String(decoding: bytes, as: UTF8.self), named: name)
            } catch {
                preconditionFailure("the template \(name) cannot be read: \(error)")
            }
        }
        return library
    }()

    func start(_ begun: PublicForm.Begun) -> String {
        render("start", "Tell us about someone who may need support", ["form": begun.id])
    }

    func sent(reference: String, isFromChild: Bool) -> String {
        render("sent", "Thank you, we have it", ["reference": reference, "isFromChild": isFromChild])
    }

    func failure(title: String, text: String) -> String {
        render("failure", title, ["text": text])
    }

    func page(
        _ step: FormStep, _ answers: FormAnswers, _ begun: PublicForm.Begun, _ mistakes: [FormMistake],
        isChecking: Bool
    ) -> String {
        let asked = step.answers(for: answers)
        var values: [String: Any] = [
            "form": begun.id, "page": step.rawValue, "isFromChild": answers.isFromChild,
            "isChecking": isChecking,
            "kept": answers.all.filter { !asked.contains($0.answer) }.map(Self.field),
            "all": answers.all.map(Self.field),
        ]
        if let earlier = previous(step, answers) { values["previous"] = earlier.rawValue }
        switch step {
        case .emergency: return render("emergency", "Is someone in danger now?", values)
        case .check:
            values["sections"] = sections(answers)
            return render("check", "Check your answers before sending", values)
        default:
            let questions = questions(step, answers, mistakes)
            values["mistakes"] = mistakes.map { ["field": $0.answer.rawValue, "text": $0.text] }
            values["hasMistakes"] = !mistakes.isEmpty
            values["questions"] = questions
            values["isAlone"] = questions.count == 1
            let title = title(step, answers)
            values["heading"] = title
            values["lead"] = lead(step, answers)
            return render("questions", mistakes.isEmpty ? title : "Error: \(title)", values)
        }
    }

    private func render(_ template: String, _ title: String, _ more: [String: Any]) -> String {
        var values = more
        values["title"] = title
        values["path"] = path
        values["team"] = team.name
        values["phone"] = team.phone
        values["email"] = team.email
        values["privacyNotice"] = team.privacyNotice
        return Self.library.render(values, withTemplate: template) ?? ""
    }

    private static func field(_ kept: (answer: FormAnswer, text: String)) -> [String: String] {
        ["name": kept.answer.rawValue, "value": kept.text]
    }

    private func previous(_ step: FormStep, _ answers: FormAnswers) -> FormStep? {
        FormStep.allCases.prefix { $0 != step }.last { !$0.answers(for: answers).isEmpty }
    }

    // MARK: Questions

    private func title(_ step: FormStep, _ answers: FormAnswers) -> String {
        switch step {
        case .age: "Are you 13 or older?"
        case .subject: "Who are you telling us about?"
        case .you: "About you"
        case .person: answers.isAboutSender ? "Your name and age" : "Who they are"
        case .contact: answers.isAboutSender ? "How we can reach you" : "Where they are"
        case .reason: "What is happening"
        case .emergency, .check: ""
        }
    }

    private func lead(_ step: FormStep, _ answers: FormAnswers) -> String? {
        switch step {
        case .person where !answers.isAboutSender: "Tell us what you know. One name is enough."
        case .contact where answers.isAboutSender: "Give at least an address or a phone number."
        case .contact: "Tell us what you know: an address, or a phone number."
        default: nil
        }
    }

    private func questions(
        _ step: FormStep, _ answers: FormAnswers, _ mistakes: [FormMistake]
    ) -> [[String: Any]] {
        let dateParts: [FormAnswer] = [.birthDay, .birthMonth, .birthYear]
        var questions: [[String: Any]] = []
        for answer in step.answers(for: answers) {
            if answer == .birthDay {
                questions.append(date(dateParts, answers, mistakes))
            } else if !dateParts.contains(answer) {
                questions.append(question(answer, answers, mistakes))
            }
        }
        return questions
    }

    private func question(
        _ answer: FormAnswer, _ answers: FormAnswers, _ mistakes: [FormMistake]
    ) -> [String: Any] {
        let question = FormQuestion(answer, for: answers)
        let mistake = mistakes.first { $0.answer == answer }
        let described = [
            question.hint.map { _ in "\(answer.rawValue)-hint" }, mistake.map { _ in "\(answer.rawValue)-error" },
        ].compactMap { $0 }.joined(separator: " ")
        var view: [String: Any] = ["name": answer.rawValue, "label": question.label, "value": answers[answer] ?? ""]
        view["hint"] = question.hint
        view["mistake"] = mistake?.text
        view["described"] = described.isEmpty ? nil : described
        view["autocomplete"] = question.autocomplete
        switch question.kind {
        case .choice:
            view["isChoice"] = true
            view["options"] = question.options.enumerated().map { index, option in
                [
                    "id": index == 0 ? answer.rawValue : "\(answer.rawValue)-\(index + 1)", "name": answer.rawValue,
                    "value": option.value, "label": option.label, "isChosen": answers[answer] == option.value,
                ] as [String: Any]
            }
        case .paragraph: view["isParagraph"] = true
        case .line, .number, .telephone, .email:
            view["isLine"] = true
            view["type"] = question.kind == .telephone ? "tel" : question.kind == .email ? "email" : "text"
            view["isNumber"] = question.kind == .number
            view["isShort"] = question.kind == .number || answer == .postcode
        }
        return view
    }

    private func date(
        _ parts: [FormAnswer], _ answers: FormAnswers, _ mistakes: [FormMistake]
    ) -> [String: Any] {
        let mistake = mistakes.first { parts.contains($0.answer) }
        var view: [String: Any] = [
            "isDate": true, "name": "birth", "label": answers.isAboutSender ? "Your date of birth" : "Date of birth",
            "hint": "For example, 27 3 1950",
            "parts": parts.map { part -> [String: Any] in
                let question = FormQuestion(part, for: answers)
                var view: [String: Any] = [
                    "name": part.rawValue, "label": question.label, "value": answers[part] ?? "",
                    "isWide": part == .birthYear, "isMistaken": mistake?.answer == part,
                ]
                view["autocomplete"] = question.autocomplete
                return view
            },
        ]
        view["mistake"] = mistake?.text
        view["described"] = mistake == nil ? "birth-hint" : "birth-hint birth-error"
        return view
    }

    // MARK: Check

    private func sections(_ answers: FormAnswers) -> [[String: Any]] {
        FormStep.allCases.compactMap { step in
            let parts = step.answers(for: answers)
            guard !parts.isEmpty, step != .emergency else { return nil }
            var rows: [[String: String]] = []
            for answer in parts where ![.birthMonth, .birthYear].contains(answer) {
                guard let row = row(answer, answers) else { continue }
                rows.append(row)
            }
            return [
                "step": step.rawValue, "heading": title(step, answers), "rows": rows, "isEmpty": rows.isEmpty,
            ] as [String: Any]
        }
    }

    private func row(_ answer: FormAnswer, _ answers: FormAnswers) -> [String: String]? {
        if answer == .birthDay {
            let parts = [answers[.birthDay], answers[.birthMonth], answers[.birthYear]].compactMap { $0 }
            return parts.isEmpty ? nil : ["label": "Date of birth", "text": parts.joined(separator: " ")]
        }
        guard let text = answers[answer] else { return nil }
        let question = FormQuestion(answer, for: answers)
        let chosen = question.options.first { $0.value == text }?.label
        return ["label": question.label.replacing(" (optional)", with: ""), "text": chosen ?? text]
    }
}
