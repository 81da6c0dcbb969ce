//go:build linux

package main

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/libnl"
	"github.com/golibnl/golibnl/libnl/genl"
)

// printFamily prints what the controller says of a family.
func printFamily(id int, answer *libnl.Nlmsghdr) error {
	tb, err := genl.Parse(answer, 0, unix.CTRL_ATTR_MCAST_GROUPS, []libnl.NlaPolicy{
		unix.CTRL_ATTR_FAMILY_NAME: {Type: libnl.NLA_STRING, Maxlen: genl.GENL_NAMSIZ},
		unix.CTRL_ATTR_VERSION:     {Type: libnl.NLA_U32},
		unix.CTRL_ATTR_HDRSIZE:     {Type: libnl.NLA_U32},
		unix.CTRL_ATTR_MAXATTR:     {Type: libnl.NLA_U32},
	})
	if err != nil {
		return err
	}
	fmt.Printf("0x%04x %s version %d\n", id, tb[unix.CTRL_ATTR_FAMILY_NAME].GetString(), tb[unix.CTRL_ATTR_VERSION].GetU32())
	fmt.Printf("    hdrsize %d maxattr %d\n", tb[unix.CTRL_ATTR_HDRSIZE].GetU32(), tb[unix.CTRL_ATTR_MAXATTR].GetU32())

	// A family without operations, or without groups, has no such attribute: nil, which has nothing in it.
	for op := range tb[unix.CTRL_ATTR_OPS].ForEachNested() {
		ops, err := op.ParseNested(unix.CTRL_ATTR_OP_FLAGS, nil)
		if err != nil {
			return err
		}
		opID, flags := int(ops[unix.CTRL_ATTR_OP_ID].GetU32()), flagNames(ops[unix.CTRL_ATTR_OP_FLAGS].GetU32())
		name, known := genl.Op2name(id, opID) // known are those of the families that this process registered
		if !known {
			name = "unknown"
		}
		fmt.Printf("      op %s (0x%02x)%s\n", name, opID, flags)
	}
	for grp := range tb[unix.CTRL_ATTR_MCAST_GROUPS].ForEachNested() {
		grps, err := grp.ParseNested(unix.CTRL_ATTR_MCAST_GRP_ID, nil)
		if err != nil {
			return err
		}
		fmt.Printf("      grp %s (0x%02x)\n", grps[unix.CTRL_ATTR_MCAST_GRP_NAME].GetString(), grps[unix.CTRL_ATTR_MCAST_GRP_ID].GetU32())
	}
	return nil
}

// flagNames tells what an operation can do, and what it asks for. libnl has no name for the last one, which is newer.
func flagNames(flags uint32) string {
	var names []string
	for bit, name := range []string{"admin_perm", "has_doit", "has_dump", "has_policy", "uns_admin_perm"} {
		if flags&(1<<bit) != 0 {
			names = append(names, name)
		}
	}
	if names == nil {
		return ""
	}
	return " <" + strings.Join(names, ",") + ">"
}
