#if canImport(Security)
    import Foundation
    import Security

    /// Keeps the tokens of one sign-in in the keychain, as a generic password.
    ///
    ///     let store = KeychainTokenStore(service: "com.example.app.beproduct", account: "acme")
    ///
    /// On macOS it is the data protection keychain, which is open to signed programs with an entitlement for it
    /// (`keychain-access-groups` or an application identifier) only.
    ///
    /// - Important: This code was not run yet, as there was no Apple machine to run it on.
    public struct KeychainTokenStore: TokenStore {
        /// When the tokens can be read. They never leave the device.
        public enum Accessibility: Hashable, Sendable {
            /// Once the device was unlocked after its start: also in the background while it is locked.
            case afterFirstUnlockThisDeviceOnly
            /// While the device is unlocked.
            case whenUnlockedThisDeviceOnly
        }

        private let service: String
        private let account: String
        private let accessGroup: String?
        private let accessibility: Accessibility

        /// Names an entry of the keychain. Nothing is read or written yet.
        ///
        /// - Parameters:
        ///   - service: What the entry is for, such as the identifier of the program.
        ///   - account: Whose sign-in it is, such as the company.
        ///   - accessGroup: Programs that share the entry. Default: the program's own group.
        ///   - accessibility: When the tokens can be read. Default: once the device was unlocked after its start.
        public init(
            service: String,
            account: String,
            accessGroup: String? = nil,
            accessibility: Accessibility = .afterFirstUnlockThisDeviceOnly
        ) {
            self.service = service
            self.account = account
            self.accessGroup = accessGroup
            self.accessibility = accessibility
        }

        /// What was saved last, or nil when there is no entry.
        ///
        /// - Throws: ``KeychainError``
        public func load() throws -> Tokens? {
            var query = entry
            query[kSecReturnData as String] = true
            query[kSecMatchLimit as String] = kSecMatchLimitOne
            var found: CFTypeRef?
            let status = SecItemCopyMatching(query as CFDictionary, &found)
            if status == errSecItemNotFound { return nil }
            try check(status, "read")
            guard let data = found as? Data, let tokens = try? JSONDecoder().decode(Tokens.self, from: data) else {
                throw KeychainError(status: errSecDecode, action: "read")
            }
            return tokens
        }

        /// Replaces what was saved. Empty tokens remove the entry.
        ///
        /// - Throws: ``KeychainError``
        public func save(_ tokens: Tokens) throws {
            if tokens.isEmpty { return try remove() }
            let content: [String: Any] = [
                kSecValueData as String: try JSONEncoder().encode(tokens),
                kSecAttrAccessible as String: accessibility.attribute,
            ]
            var status = SecItemUpdate(entry as CFDictionary, content as CFDictionary)
            if status == errSecItemNotFound {
                let new = entry.merging(content) { _, value in value }
                status = SecItemAdd(new as CFDictionary, nil)
            }
            // Another process has added it in between.
            if status == errSecDuplicateItem {
                status = SecItemUpdate(entry as CFDictionary, content as CFDictionary)
            }
            try check(status, "written")
        }

        /// Removes the entry, if there is one.
        ///
        /// - Throws: ``KeychainError``
        public func remove() throws {
            let status = SecItemDelete(entry as CFDictionary)
            if status != errSecItemNotFound {
                try check(status, "removed")
            }
        }

        /// What finds the entry.
        private var entry: [String: Any] {
            var query: [String: Any] = [
                kSecClass as String: kSecClassGenericPassword,
                kSecAttrService as String: service,
                kSecAttrAccount as String: account,
                // Without it macOS uses the keychain in a file, which knows no accessibility.
                kSecUseDataProtectionKeychain as String: true,
            ]
            if let accessGroup {
                query[kSecAttrAccessGroup as String] = accessGroup
            }
            return query
        }

        private func check(_ status: OSStatus, _ action: String) throws {
            if status != errSecSuccess {
                throw KeychainError(status: status, action: action)
            }
        }
    }

    extension KeychainTokenStore.Accessibility {
        fileprivate var attribute: CFString {
            switch self {
            case .afterFirstUnlockThisDeviceOnly: kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly
            case .whenUnlockedThisDeviceOnly: kSecAttrAccessibleWhenUnlockedThisDeviceOnly
            }
        }
    }

    /// Why the keychain did not do what it was asked for.
    public struct KeychainError: LocalizedError, Hashable, Sendable, CustomStringConvertible {
        /// What the system says.
        public let status: OSStatus
        let action: String

        /// What could not be done, with the system's text and number.
        public var description: String {
            let text = (SecCopyErrorMessageString(status, nil) as String?) ?? "unknown error"
            return "the tokens could not be \(action) in the keychain: \(text) (OSStatus \(status))"
        }

        public var errorDescription: String? { description }
    }
#endif
