// swift-tools-version: 6.2
import PackageDescription

// The map: targets stand in the order a message travels. Each line says what the room does and what it may import.

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "referral-hub",
    products: [.executable(name: "hub", targets: ["hub"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.19.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.14.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: [
        // System libraries, as C sees them.
        .systemLibrary(name: "CLibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CXML", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
        .systemLibrary(name: "CMalloc"),
        .systemLibrary(name: "CZip", pkgConfig: "libzip", providers: [.apt(["libzip-dev"])]),
        .systemLibrary(
            name: "CPango", pkgConfig: "pangocairo", providers: [.apt(["libpango1.0-dev", "libcairo2-dev"])]),

        // PostgreSQL: connection, pool, pipeline, COPY, listener, migrator. Imports CLibpq only.
        .target(
            name: "Postgres",
            dependencies: ["CLibpq", .product(name: "Logging", package: "swift-log")],
            swiftSettings: settings
        ),
        // The queue: enqueue, claim, lease, ack, retry, dead letter, replay. Imports Postgres only.
        .target(
            name: "MessageQueue",
            dependencies: [
                "Postgres",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            resources: [.embedInCode("Migrations")],
            swiftSettings: settings
        ),
        // The canonical model, identifiers, code lists, the field group of every field. Pure; imports nothing.
        .target(name: "Referral", swiftSettings: settings),
        // Documents for people, on paper: headings, labelled values, lists and tables as PDF. Pure; imports CPango only.
        .target(name: "Printing", dependencies: ["CPango"], swiftSettings: settings),
        // Partner documents to the canonical model and back: formats and the mapping language. Pure.
        .target(
            name: "Translation",
            dependencies: [
                "Referral", "Printing", "CXML", "CZip",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: settings
        ),
        // The form for members of the public: questions, checks, pages, and the envelope that comes of it. Pure.
        .target(
            name: "Forms",
            dependencies: ["Referral", .product(name: "Mustache", package: "swift-mustache")],
            resources: [.embedInCode("Resources")],
            swiftSettings: settings
        ),
        // The console: pages on which staff watch the queues and find a message, as HTML. Pure.
        .target(
            name: "Console",
            dependencies: ["Referral", .product(name: "Mustache", package: "swift-mustache")],
            resources: [.embedInCode("Resources")],
            swiftSettings: settings
        ),
        // Who is this person: what descriptions are compared by, weights, blocking keys. Pure.
        .target(name: "Matching", dependencies: ["Referral"], swiftSettings: settings),
        // May it leave, how much of it, and why: the rules' file, the order of evaluation, extracts of many. Pure.
        .target(
            name: "Disclosure",
            dependencies: [
                "Referral", .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Yams", package: "Yams"),
            ],
            resources: [.embedInCode("Policies")],
            swiftSettings: settings
        ),
        // Who may do what: roles, operations, and the one table of both. Pure; imports nothing.
        .target(name: "Rights", swiftSettings: settings),
        // How to get to a person behind a door: access cards, by what they are found, what of them may be told. Pure.
        .target(
            name: "EmergencyAccess", dependencies: ["Referral", "Matching", "Disclosure"], swiftSettings: settings),
        // What was disclosed, provably: entries, leaves, tree, proofs, checkpoints. Pure.
        .target(
            name: "Ledger",
            dependencies: [.product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: settings
        ),
        // Sealing of personal data, keys per submission and person, blind indexes. Imports swift-crypto only.
        .target(
            name: "Vault",
            dependencies: [.product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: settings
        ),
        // Persons, referrals, cases, agreements, shares and the ledger, in PostgreSQL.
        .target(
            name: "CaseStore",
            dependencies: [
                "Postgres", "Vault", "Referral", "Matching", "Disclosure", "Rights", "Ledger",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            resources: [.embedInCode("Migrations")],
            swiftSettings: settings
        ),
        // How bytes arrive and leave: folder, SFTP, HTTPS, MLLP, MESH, e-mail; and the virus scanner. One file each.
        .target(
            name: "Channels",
            dependencies: [
                "Referral", "Translation", "CCrypto", "CCurl",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
                .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPCompression", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "X509", package: "swift-certificates"),
            ],
            swiftSettings: settings
        ),
        // The services (Intake, Dispatch, Housekeeping), HTTP API, configuration, composition. Imports all above.
        .target(
            name: "Hub",
            dependencies: [
                "Postgres", "MessageQueue", "Referral", "Translation", "Forms", "Console", "Disclosure", "Rights",
                "EmergencyAccess",
                "Ledger", "Vault", "CaseStore", "Channels", "CMalloc",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "X509", package: "swift-certificates"),
                .product(name: "Yams", package: "Yams"),
            ],
            resources: [.embedInCode("Resources/openapi.json")],
            swiftSettings: settings
        ),
        // Partner systems for the demonstration and for load: processes of their own that speak the real protocols.
        .target(
            name: "Simulators",
            dependencies: [
                "Channels", "Referral", "Translation",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings
        ),
        // The command. Imports Hub and Simulators.
        .executableTarget(
            name: "hub",
            dependencies: [
                "Hub", "Simulators", "Translation", "Disclosure", "Rights", "CaseStore", "MessageQueue", "Postgres",
                "Vault", "Referral", "Ledger", "Console",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: settings
        ),
        // Leased databases and fixtures for tests.
        .target(
            name: "TestSupport",
            dependencies: ["Postgres", .product(name: "Logging", package: "swift-log")],
            swiftSettings: settings
        ),

        // Tests: a folder per target, name for name.
        .testTarget(
            name: "PostgresTests",
            dependencies: ["Postgres", "TestSupport", .product(name: "Logging", package: "swift-log")],
            swiftSettings: settings
        ),
        .testTarget(
            name: "MessageQueueTests",
            dependencies: [
                "MessageQueue", "Postgres", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings
        ),
        .testTarget(name: "ReferralTests", dependencies: ["Referral", "TestSupport"], swiftSettings: settings),
        .testTarget(name: "PrintingTests", dependencies: ["Printing"], swiftSettings: settings),
        .testTarget(
            name: "TranslationTests", dependencies: ["Translation", "Referral", "TestSupport"], swiftSettings: settings
        ),
        .testTarget(
            name: "FormsTests", dependencies: ["Forms", "Referral", "TestSupport"], swiftSettings: settings
        ),
        .testTarget(
            name: "ConsoleTests", dependencies: ["Console", "Referral", "TestSupport"], swiftSettings: settings
        ),
        .testTarget(name: "MatchingTests", dependencies: ["Matching", "Referral"], swiftSettings: settings),
        .testTarget(
            name: "DisclosureTests",
            dependencies: [
                "Disclosure", "Referral", .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: settings
        ),
        .testTarget(name: "RightsTests", dependencies: ["Rights"], swiftSettings: settings),
        .testTarget(
            name: "EmergencyAccessTests", dependencies: ["EmergencyAccess", "Referral", "Disclosure"],
            swiftSettings: settings
        ),
        .testTarget(name: "LedgerTests", dependencies: ["Ledger"], swiftSettings: settings),
        .testTarget(name: "VaultTests", dependencies: ["Vault"], swiftSettings: settings),
        .testTarget(
            name: "CaseStoreTests",
            dependencies: [
                "CaseStore", "MessageQueue", "Postgres", "Vault", "Referral", "Matching", "Disclosure", "Rights",
                "Ledger",
                "TestSupport",
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ChannelsTests",
            dependencies: [
                "Channels", "Simulators", "TestSupport", "Translation",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "X509", package: "swift-certificates"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "SimulatorsTests",
            dependencies: [
                "Channels", "Simulators", "Translation", "Referral", "EmergencyAccess",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "HubTests",
            dependencies: [
                "Hub", "CaseStore", "Channels", "Disclosure", "EmergencyAccess", "MessageQueue", "Postgres", "Referral",
                "Rights", "TestSupport", "Translation", "Vault",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings
        ),
    ]
)
