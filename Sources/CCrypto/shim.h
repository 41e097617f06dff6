// OpenSSL's libcrypto, as Libcrypto.swift uses it: https://docs.openssl.org/3.0/man7/crypto/
// swift-crypto and swift-nio-ssl carry BoringSSL, whose headers have the same types with other innards: no file that
// imports this module may import one of theirs.
#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

// Stacks and a few calls are macros with casts, which Swift does not import.

static inline struct stack_st_X509 *hub_certificates_new(void) { return sk_X509_new_null(); }

// Takes a reference of its own. False when there is no memory.
static inline int hub_certificates_add(struct stack_st_X509 *certificates, X509 *certificate) {
    return X509_add_cert(certificates, certificate, X509_ADD_FLAG_UP_REF);
}

static inline void hub_certificates_free(struct stack_st_X509 *certificates) {
    sk_X509_pop_free(certificates, X509_free);
}

static inline GENERAL_NAMES *hub_alternative_names(const X509 *certificate) {
    return (GENERAL_NAMES *)X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
}

static inline int hub_names_count(const GENERAL_NAMES *names) { return sk_GENERAL_NAME_num(names); }

// The name of a number where it is a mailbox (rfc822Name), else NULL.
static inline const ASN1_STRING *hub_names_mailbox(const GENERAL_NAMES *names, int number) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, number);
    return name && name->type == GEN_EMAIL ? name->d.rfc822Name : NULL;
}

// What was written into a memory BIO; it stays the BIO's.
static inline long hub_bio_bytes(BIO *bio, const char **bytes) { return BIO_get_mem_data(bio, (char **)bytes); }
