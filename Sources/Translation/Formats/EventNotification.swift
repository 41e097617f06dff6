import Referral

/// The notification in which an event of HMPPS reaches its subscribers: a JSON document that holds the event as a text
/// (Amazon SNS, https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html#http-notification-json).
enum EventNotification {
    /// Where the event stands in the notification.
    static let place = "Message"

    /// The event, with the rest of the notification as its member `notification`; nil for any other document.
    ///
    /// The text is read as strictly as the document around it: a member's name twice is refused in it as well.
    ///
    /// - Throws: as ``StrictJSON`` does for the text, with its place in the text.
    static func opened(_ document: Value, limits: Limits) throws(DocumentError) -> Value? {
        guard document["Type"] == "Notification", case .string(let text)? = document[place] else { return nil }
        do throws(DocumentError) {
            var event = try StrictJSON.parse(Array(text.utf8), limits: limits)
            guard case .object(var wrapper) = document, event.objectValue != nil else {
                throw DocumentError(.schema, at: "", "the event is not an object")
            }
            wrapper[place] = nil
            event["notification"] = .object(wrapper)
            return event
        } catch {
            throw DocumentError(error.code, at: error.path.isEmpty ? place : "\(place), \(error.path)", error.text)
        }
    }
}
