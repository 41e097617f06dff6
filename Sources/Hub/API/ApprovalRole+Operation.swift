import Disclosure
import Rights

extension ApprovalRole {
    /// What somebody must be allowed to do to answer in this capacity.
    var operation: Operation {
        switch self {
        case .officer, .second: .approveShare
        case .dataProtectionOfficer, .informationGovernance: .approveAsPrivacyOfficer
        }
    }
}
