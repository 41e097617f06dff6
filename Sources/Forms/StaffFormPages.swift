import Mustache

/// The pages of the staff form, as HTML. Everything that was typed goes through Mustache's `{{…}}`, which escapes it.
struct StaffFormPages: Sendable {
    let team: String
    let path: String
    var documentsPath: String?
    var console: StaffForm.ConsolePaths?

    func sent(reference: String, _ session: StaffForm.Session) -> String {
        var values: [String: Any] = ["reference": reference, "session": view(session)]
        values["lifePath"] = console.map { "\($0.lives)/\(reference)" }
        return render("staff_sent", "The referral is stored", values)
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
                let questions = section.questions.map { $0.view(texts, mistakes) }
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
        view["peoplePath"] = console?.people
        return view
    }
}
