import Referral

/// The names of what a referral has beside the canonical model that are known to be names: those that are standard, that an
/// adapter declares or that its mappings and shapes name. Any other is a sender's own, and may say anything.
package struct ExtensionNames: Sendable {
    private let vocabulary: SourceVocabulary

    /// - Parameter adapter: By which the referral came, or by which it leaves; nil where it is by none.
    package init(of adapter: Adapter?) {
        let shaped = (adapter?.outbound ?? []).flatMap(\.shape.fields).map(\.path).filter { $0.hasPrefix(Self.start) }
        let names = (adapter?.extensions ?? ExtensionGroups()).names + shaped
        vocabulary = SourceVocabulary(of: adapter, and: names.flatMap { $0.split(separator: ".").map(String.init) })
    }

    /// The dotted name at a path such as `extensions.school.dsl_name`; nil where a part of it is not known to be a name.
    package func name(at path: String) -> String? {
        guard path.hasPrefix(Self.start) else { return nil }
        let name = String(path.dropFirst(Self.start.count))
        return vocabulary.knowsPath(name, separator: ".") ? name : nil
    }

    private static let start = CanonicalField.extensions.rawValue + "."
}
