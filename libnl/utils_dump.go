package libnl

// #include "cgo_helpers.h"
import "C"

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unsafe"
)

// DumpParams says how to dump an object, and where to (struct nl_dump_params). libnl's text goes to DpFd when the call is
// over.
//
// It is a plain Go value, which each call writes to.
type DumpParams struct {
	DpType        DumpType
	DpPrefix      int              // spaces at the beginning of each line
	DpPrintIndex  bool             // for a cache: begin each object with its number
	DpDumpMsgtype bool             // begin each object with its message type
	DpNlCb        func(int) string // if set, what to put after the spaces of the line of that number
	DpFd          io.Writer
	DpLine        uint // the number of the last line

	preDump, ivar C.int // libnl's own
}

// maxPrefix is the longest indentation that the binding lets C write before each line.
const maxPrefix = 1 << 16

// run calls f with the parameters in C memory, and writes to DpFd what it dumped. f neither waits nor calls back.
func (p *DumpParams) run(fn string, f func(dp *C.struct_nl_dump_params) error) error {
	switch {
	case p == nil || p.DpFd == nil:
		return refusal(fn, NLE_INVAL, "no writer")
	case p.DpType < 0 || p.DpType > NL_DUMP_MAX: // libnl aborts
		return refusal(fn, NLE_RANGE, "no dump type %d", p.DpType)
	case p.DpPrefix < 0 || p.DpPrefix > maxPrefix:
		return refusal(fn, NLE_RANGE, "an indentation of %d", p.DpPrefix)
	}
	lines := C.int(0)
	if p.DpNlCb != nil {
		lines = 1
	}
	d, err := C.golibnl_dump_open(lines)
	if d == nil {
		return fmt.Errorf("%s: no memory for the text: %w", fn, err)
	}
	defer C.golibnl_dump_free(d)
	d.dp.dp_type = C.enum_nl_dump_type(p.DpType)
	d.dp.dp_prefix = C.int(p.DpPrefix)
	d.dp.dp_print_index, d.dp.dp_dump_msgtype = cbool(p.DpPrintIndex), cbool(p.DpDumpMsgtype)
	d.dp.dp_line, d.dp.dp_pre_dump, d.dp.dp_ivar = C.uint(p.DpLine), p.preDump, p.ivar
	if err := f(&d.dp); err != nil {
		return err
	}
	p.DpLine, p.preDump, p.ivar = uint(d.dp.dp_line), d.dp.dp_pre_dump, d.dp.dp_ivar
	if ret, err := C.golibnl_dump_close(d); ret < 0 {
		return fmt.Errorf("%s: no memory for the text: %w", fn, err)
	}
	_, err = p.DpFd.Write(p.text(d))
	return err
}

// text copies the text of a dump that is over, with what DpNlCb says of its lines.
func (p *DumpParams) text(d *C.struct_golibnl_dump) []byte {
	text := unsafe.Slice((*byte)(unsafe.Pointer(d.text)), d.len)
	var b bytes.Buffer
	at := 0
	for _, l := range unsafe.Slice(d.lines, d.nlines) {
		b.Write(text[at:l.off])
		at = int(l.off)
		b.WriteString(p.DpNlCb(int(l.line)))
	}
	b.Write(text[at:])
	return b.Bytes()
}

// NewLine begins a line: it writes the indentation, and no line feed.
//
// Goroutines: plain, and it writes to p. Errors: NLE_INVAL without a writer; NLE_RANGE for a type that libnl has not, or an
// indentation of less than 0 or more than 65536; those of open_memstream(3) and of the writer.
//
// Implements:
//
//	void nl_new_line(struct nl_dump_params *);
func (p *DumpParams) NewLine() error {
	return p.run("nl_new_line", func(dp *C.struct_nl_dump_params) error { C.nl_new_line(dp); return nil })
}

// Dump writes text, formatted as by fmt.Sprintf.
//
// Goroutines: plain, and it writes to p. Errors: as [DumpParams.NewLine]; NLE_INVAL for text with a NUL in it.
//
// Implements:
//
//	void nl_dump(struct nl_dump_params *, const char *, ...);
func (p *DumpParams) Dump(format string, args ...any) error {
	return p.dump("nl_dump", 0, fmt.Sprintf(format, args...))
}

// DumpLine begins a line and writes text, formatted as by fmt.Sprintf.
//
// Goroutines: plain, and it writes to p. Errors: as [DumpParams.Dump].
//
// Implements:
//
//	void nl_dump_line(struct nl_dump_params *, const char *, ...);
func (p *DumpParams) DumpLine(format string, args ...any) error {
	return p.dump("nl_dump_line", 1, fmt.Sprintf(format, args...))
}

func (p *DumpParams) dump(fn string, line C.int, text string) error {
	if strings.IndexByte(text, 0) >= 0 {
		return refusal(fn, NLE_INVAL, "the text has a NUL in it")
	}
	c := C.CString(text)
	defer C.free(unsafe.Pointer(c))
	return p.run(fn, func(dp *C.struct_nl_dump_params) error { C.golibnl_dump_text(dp, line, c); return nil })
}
