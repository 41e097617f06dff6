// libxml2's SAX2 interface, as XMLDocument uses it: https://gnome.pages.gitlab.gnome.org/libxml2/html/group__parser.html
// Debian builds libxml2 with ICU, whose headers clash with Foundation's own copy as soon as a target imports both. Only the
// transcoders' innards depend on it, which nothing here looks into.
#include <libxml/xmlversion.h>
#undef LIBXML_ICU_ENABLED
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/xmlerror.h>

// The value of `initialized` that makes libxml2 call a handler's SAX2 functions and its structured error handler. A macro
// with a cast, which Swift does not import. Without it `startElementNs` and `serror` are never called.
static const unsigned int hub_xml_sax2_magic = XML_SAX2_MAGIC;
