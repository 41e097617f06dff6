// Pango lays text out, cairo draws it into a PDF: https://docs.gtk.org/PangoCairo/ and https://www.cairographics.org/manual/
// One module for both, because Pango's headers include cairo's and a type must be the same in either.
#include <pango/pangocairo.h>
#include <cairo-pdf.h>
