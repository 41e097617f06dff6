import Mustache

/// The pages on which staff sign in, set up their account and change their password, as HTML. Everything goes through
/// Mustache's `{{…}}`, which escapes it.
package struct SignInPages: Sendable {
    /// Where the pages are served.
    package struct Paths: Sendable {
        package var signIn: String
        package var setUp: String
        package var account: String
        /// Where the style sheet lies, without its name.
        package var style: String

        package init(signIn: String, setUp: String, account: String, style: String) {
            self.signIn = signIn
            self.setUp = setUp
            self.account = account
            self.style = style
        }
    }

    /// What is wrong with what was typed, and where.
    package struct Mistake: Sendable, Equatable {
        package enum Field: String, Sendable {
            case current
            case password
            case again
            case code
        }

        package var field: Field
        package var text: String

        package init(_ field: Field, _ text: String) {
            self.field = field
            self.text = text
        }
    }

    /// Another page that the account may open.
    package struct Link: Sendable {
        package var label: String
        package var path: String

        package init(_ label: String, _ path: String) {
            self.label = label
            self.path = path
        }
    }

    private let team: String
    private let paths: Paths
    private let shortestPassword: Int

    /// - Parameter shortestPassword: Characters that a password needs.
    package init(team: String, paths: Paths, shortestPassword: Int) {
        self.team = team
        self.paths = paths
        self.shortestPassword = shortestPassword
    }

    /// The page that asks who it is.
    ///
    /// - Parameters:
    ///   - name: What was typed before.
    ///   - mistake: Why nobody was signed in.
    ///   - next: The page that comes after, where it is another than the first.
    ///   - providerPath: Where one signs in by the provider; nil where there is none.
    package func signIn(
        name: String = "", mistake: String? = nil, next: String? = nil, providerPath: String?
    ) -> String {
        var values: [String: Any] = ["signInPath": paths.signIn, "name": name, "heading": "Sign in"]
        values["mistake"] = mistake
        values["next"] = next
        values["providerPath"] = providerPath
        return render("sign_in", mistake == nil ? "Sign in" : "Error: Sign in", values)
    }

    /// The page between the provider and the first page of ours: a browser sends our cookie to a page that our own page leads
    /// to, and to none that another site's does.
    package func signedIn(next: String) -> String {
        render("signed_in", "You are signed in", ["next": next, "heading": "You are signed in"])
    }

    /// The page between another site and one of ours.
    package func onward(next: String) -> String {
        render("signed_in", "One moment", ["next": next, "heading": "One moment"])
    }

    /// The page on which somebody sets up an account.
    ///
    /// - Parameters:
    ///   - invitation: The link's token.
    ///   - codeKey: The key of the codes, as people type it.
    ///   - codeAddress: The address by which an app takes the key up.
    package func setUp(
        account: String, invitation: String, codeKey: String, codeAddress: String, sealedKey: String,
        mistake: Mistake? = nil
    ) -> String {
        let title = "Set up your account"
        var values: [String: Any] = [
            "heading": title, "setUpPath": paths.setUp, "account": account, "invitation": invitation,
            "codeKey": Self.grouped(codeKey), "codeAddress": codeAddress, "sealedKey": sealedKey,
            "isCodeMistaken": mistake?.field == .code, "questions": newPassword(mistake),
        ]
        values["mistake"] = mistake?.text
        values["mistakenField"] = mistake?.field.rawValue
        return render("set_up", mistake == nil ? title : "Error: \(title)", values)
    }

    /// The page of an account, for its owner.
    ///
    /// - Parameter hasPassword: Whether it has one here, and not at the provider.
    package func account(
        _ session: StaffForm.Session, roles: [String], hasPassword: Bool, links: [Link], mistake: Mistake? = nil,
        isChanged: Bool = false
    ) -> String {
        let title = "Your account"
        let current = question(
            "current", "Password of until now", hint: nil, completion: "current-password", mistake)
        var values: [String: Any] = [
            "heading": title, "accountPath": paths.account, "session": session.view, "token": session.token,
            "account": session.staff,
            "roles": roles.map { $0.replacing("_", with: " ") }.joined(separator: ", "), "hasPassword": hasPassword,
            "isChanged": isChanged, "questions": [current] + newPassword(mistake),
            "pages": links.map { ["label": $0.label, "path": $0.path] },
        ]
        values["mistake"] = mistake?.text
        values["mistakenField"] = mistake?.field.rawValue
        return render("account", mistake == nil ? title : "Error: \(title)", values)
    }

    private func newPassword(_ mistake: Mistake?) -> [[String: Any]] {
        [
            question(
                "password", "New password",
                hint:
                    "\(shortestPassword) characters or more, of any kind: four or five words that do not belong together are good.",
                completion: "new-password", mistake),
            question("again", "The new password again", hint: nil, completion: "new-password", mistake),
        ]
    }

    private func question(
        _ name: String, _ label: String, hint: String?, completion: String, _ mistake: Mistake?
    ) -> [String: Any] {
        let isMistaken = mistake?.field.rawValue == name
        var view: [String: Any] = ["name": name, "label": label, "completion": completion]
        let described = [hint.map { _ in "\(name)-hint" }, isMistaken ? "\(name)-error" : nil].compactMap { $0 }
        view["hint"] = hint
        view["described"] = described.isEmpty ? nil : described.joined(separator: " ")
        // Said, since the page around has one as well.
        view["mistake"] = isMistaken ? mistake?.text : false
        return view
    }

    /// In groups of four, so that nobody loses their place.
    private static func grouped(_ key: String) -> String {
        let letters = Array(key)
        return stride(from: 0, to: letters.count, by: 4)
            .map { String(letters[$0..<min($0 + 4, letters.count)]) }
            .joined(separator: " ")
    }

    private func render(_ template: String, _ title: String, _ more: [String: Any]) -> String {
        var values = more
        values["title"] = title
        values["path"] = paths.style
        values["team"] = team
        return FormPages.library.render(values, withTemplate: template) ?? ""
    }
}
