package genl

// #include "cgo_helpers.h"
import "C"

import (
	"encoding/binary"

	"github.com/golibnl/golibnl/libnl"
)

// The sizes of linux/genetlink.h, and the family ID of the controller.
const (
	GENL_HDRLEN  = 4
	GENL_NAMSIZ  = C.GENL_NAMSIZ
	GENL_ID_CTRL = C.GENL_ID_CTRL
)

// Genlmsghdr is the generic netlink header of a message (struct genlmsghdr) with the bytes that follow it: a snapshot.
//
// Goroutines: plain.
type Genlmsghdr struct {
	Cmd      uint8
	Version  uint8
	Reserved uint16

	b []byte // what follows the header
}

// ValidHdr reports whether the message has room for the generic netlink header and a family header of hdrlen bytes.
//
// Goroutines: plain. Errors: none; false on a nil header and for a negative hdrlen.
//
// Implements:
//
//	int genlmsg_valid_hdr(struct nlmsghdr *, int);
func ValidHdr(h *libnl.Nlmsghdr, hdrlen int) bool {
	return h.ValidHdr(GENL_HDRLEN) && hdrlen >= 0 && h.Datalen()-GENL_HDRLEN >= align(hdrlen)
}

// Hdr returns the generic netlink header.
//
// Ownership: the result refers to the snapshot. Goroutines: plain. Errors: none; nil if the message is too short for one,
// where C reads beyond it.
//
// Implements:
//
//	struct genlmsghdr *genlmsg_hdr(struct nlmsghdr *);
func Hdr(h *libnl.Nlmsghdr) *Genlmsghdr {
	b := h.Data()
	if len(b) < GENL_HDRLEN {
		return nil
	}
	return &Genlmsghdr{Cmd: b[0], Version: b[1], Reserved: binary.NativeEndian.Uint16(b[2:]), b: b[GENL_HDRLEN:]}
}

// Validate checks the attributes behind a family header of hdrlen bytes against policy.
//
// Goroutines: plain. Errors: NLE_MSG_TOOSHORT if there is no room for the headers, those of [libnl.NlaValidate].
//
// Implements:
//
//	int genlmsg_validate(struct nlmsghdr *, int, int, const struct nla_policy *);
func Validate(h *libnl.Nlmsghdr, hdrlen, maxtype int, policy []libnl.NlaPolicy) error {
	if !ValidHdr(h, hdrlen) {
		return tooShort("genlmsg_validate", h, hdrlen)
	}
	return libnl.NlaValidate(Hdr(h).Attrdata(hdrlen), maxtype, policy)
}

// Parse sorts the attributes behind a family header of hdrlen bytes by type; see [libnl.NlaParse].
//
// Goroutines: plain. Errors: NLE_MSG_TOOSHORT if there is no room for the headers, those of [libnl.NlaParse].
//
// Implements:
//
//	int genlmsg_parse(struct nlmsghdr *, int, struct nlattr **, int, const struct nla_policy *);
func Parse(h *libnl.Nlmsghdr, hdrlen, maxtype int, policy []libnl.NlaPolicy) ([]*libnl.Nlattr, error) {
	if !ValidHdr(h, hdrlen) {
		return nil, tooShort("genlmsg_parse", h, hdrlen)
	}
	return libnl.NlaParse(maxtype, Hdr(h).Attrdata(hdrlen), policy)
}

func tooShort(fn string, h *libnl.Nlmsghdr, hdrlen int) error {
	return refusal(fn, libnl.NLE_MSG_TOOSHORT, "no generic netlink header and family header of %d bytes in a payload of %d",
		hdrlen, h.Datalen())
}

// Data returns what follows the generic netlink header.
//
// Goroutines: plain. Errors: none; nil on a nil header.
//
// Implements:
//
//	void *genlmsg_data(const struct genlmsghdr *);
func (g *Genlmsghdr) Data() []byte {
	if g == nil {
		return nil
	}
	return g.b
}

// Len returns the length of what follows the generic netlink header.
//
// Goroutines: plain. Errors: none; 0 on a nil header.
//
// Implements:
//
//	int genlmsg_len(const struct genlmsghdr *);
func (g *Genlmsghdr) Len() int { return len(g.Data()) }

// UserHdr returns the family's own header, and what follows it.
//
// Goroutines: plain. Errors: none; nil on a nil header.
//
// Implements:
//
//	void *genlmsg_user_hdr(const struct genlmsghdr *);
func (g *Genlmsghdr) UserHdr() []byte { return g.Data() }

// UserData returns what follows a family header of hdrlen bytes.
//
// Goroutines: plain. Errors: none; nil if there is nothing, on a nil header, and for a negative hdrlen.
//
// Implements:
//
//	void *genlmsg_user_data(const struct genlmsghdr *, const int);
func (g *Genlmsghdr) UserData(hdrlen int) []byte {
	b := g.Data()
	if hdrlen < 0 || hdrlen > len(b) || align(hdrlen) >= len(b) {
		return nil
	}
	return b[align(hdrlen):]
}

// UserDatalen returns the length of what follows a family header of hdrlen bytes.
//
// Goroutines: plain. Errors: none; 0 where [Genlmsghdr.UserData] is nil, for which C returns a negative number.
//
// Implements:
//
//	int genlmsg_user_datalen(const struct genlmsghdr *, const int);
func (g *Genlmsghdr) UserDatalen(hdrlen int) int { return len(g.UserData(hdrlen)) }

// Attrdata returns the attributes behind a family header of hdrlen bytes.
//
// Goroutines: plain. Errors: none; see [Genlmsghdr.UserData].
//
// Implements:
//
//	struct nlattr *genlmsg_attrdata(const struct genlmsghdr *, int);
func (g *Genlmsghdr) Attrdata(hdrlen int) []byte { return g.UserData(hdrlen) }

// Attrlen returns the length of the attributes.
//
// Goroutines: plain. Errors: none; see [Genlmsghdr.UserDatalen].
//
// Implements:
//
//	int genlmsg_attrlen(const struct genlmsghdr *, int);
func (g *Genlmsghdr) Attrlen(hdrlen int) int { return g.UserDatalen(hdrlen) }

// align rounds up to NLMSG_ALIGNTO.
func align(n int) int { return (n + libnl.NLMSG_ALIGNTO - 1) &^ (libnl.NLMSG_ALIGNTO - 1) }
