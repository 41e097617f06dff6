/// The workflow ids under which documents go to one recipient over MESH, as agreed with it.
///
/// Adapters know ids by names of their own (`workflow` of an outbound definition): an id is allotted for one sender and one
/// receiver, and a receiver's system tells by it what a document is.
package enum MESHWorkflows: Sendable, Hashable {
    /// For a recipient that is sent documents of one name only.
    case one(String)
    /// By the adapter's names.
    case named([String: String])

    /// The id for documents of a name; nil when there is none.
    package subscript(name: String?) -> String? {
        switch self {
        case .one(let id): id
        case .named(let ids): name.flatMap { ids[$0] }
        }
    }

    /// In words, for whoever checks them.
    package var text: String {
        switch self {
        case .one(let id): id
        case .named(let ids): ids.sorted { $0.key < $1.key }.map { "\($0.key) as \($0.value)" }.joined(separator: ", ")
        }
    }
}
