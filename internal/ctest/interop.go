package ctest

// #include "interop.h"
import "C"

import "unsafe"

// Program is a program in C that shares its objects with Go: a socket, connected to NETLINK_ROUTE, with a callback set in which
// it has callbacks, and perhaps a receive hook.
type Program struct {
	p *C.struct_golibnl_ctest_program
}

// Calls is how often each function of a program was called.
type Calls struct{ In, Valid, Finish, Err, Recv, Change int }

// NewProgram makes a program, with a receive hook or without one.
func NewProgram(hook bool) Program {
	n := C.int(0)
	if hook {
		n = 1
	}
	return Program{C.golibnl_ctest_program_new(n)}
}

// Free frees all that the program has.
func (p Program) Free() { C.golibnl_ctest_program_free(p.p) }

// Sock is the program's struct nl_sock *.
func (p Program) Sock() unsafe.Pointer { return unsafe.Pointer(p.p.sk) }

// Cb is the program's struct nl_cb *.
func (p Program) Cb() unsafe.Pointer { return unsafe.Pointer(p.p.cb) }

// Calls returns how often each function was called since the last time.
func (p Program) Calls() (c Calls) {
	for to, from := range map[*int]*C.int{
		&c.In: &p.p.in, &c.Valid: &p.p.valid, &c.Finish: &p.p.finish, &c.Err: &p.p.err, &c.Recv: &p.p.recv, &c.Change: &p.p.change,
	} {
		*to, *from = int(*from), 0
	}
	return c
}

// SetCallbacks sets the program's callbacks again.
func (p Program) SetCallbacks() int { return int(C.golibnl_ctest_set_callbacks(p.p)) }

// OtherCb puts another callback set in the place of the program's.
func (p Program) OtherCb() int { return int(C.golibnl_ctest_other_cb(p.p)) }

// Mngr makes a manager of the links, and their cache.
func (p Program) Mngr() (mngr, cache unsafe.Pointer) {
	var c *C.struct_nl_cache
	m := C.golibnl_ctest_mngr(p.p, &c)
	return unsafe.Pointer(m), unsafe.Pointer(c)
}

func sock(p unsafe.Pointer) *C.struct_nl_sock { return (*C.struct_nl_sock)(p) }

// Connect connects a socket to NETLINK_ROUTE.
func Connect(sk unsafe.Pointer) int { return int(C.golibnl_ctest_connect(sock(sk))) }

// Dump asks for a dump of the links.
func Dump(sk unsafe.Pointer) int { return int(C.golibnl_ctest_dump(sock(sk))) }

// BadRequest asks for a link that does not exist.
func BadRequest(sk unsafe.Pointer) int { return int(C.golibnl_ctest_bad_request(sock(sk))) }

// Recv receives with the socket's callback set.
func Recv(sk unsafe.Pointer) int { return int(C.golibnl_ctest_recv(sock(sk))) }

// RecvWith receives with another callback set.
func RecvWith(sk, cb unsafe.Pointer) int {
	return int(C.golibnl_ctest_recv_with(sock(sk), (*C.struct_nl_cb)(cb)))
}

// SetCb gives a socket another callback set.
func SetCb(sk, cb unsafe.Pointer) { C.golibnl_ctest_set_cb(sock(sk), (*C.struct_nl_cb)(cb)) }

// NewMsg makes a message that asks for a dump of the links.
func NewMsg() unsafe.Pointer { return unsafe.Pointer(C.golibnl_ctest_msg()) }

// FreeMsg gives C's reference to a message back.
func FreeMsg(msg unsafe.Pointer) { C.golibnl_ctest_msg_free((*C.struct_nl_msg)(msg)) }

// Send completes a message and sends it.
func Send(sk, msg unsafe.Pointer) int {
	return int(C.golibnl_ctest_send(sock(sk), (*C.struct_nl_msg)(msg)))
}

// MsgU32 returns an attribute of a message that NewMsg made, -1 if it is not there.
func MsgU32(msg unsafe.Pointer, typ int) int {
	return int(C.golibnl_ctest_msg_u32((*C.struct_nl_msg)(msg), C.int(typ)))
}

// NewAddr makes the address 192.0.2.1/24.
func NewAddr() unsafe.Pointer { return unsafe.Pointer(C.golibnl_ctest_addr()) }

// Prefixlen returns the prefix length of an address.
func Prefixlen(addr unsafe.Pointer) int {
	return int(C.golibnl_ctest_addr_prefixlen((*C.struct_nl_addr)(addr)))
}

// PutAddr gives C's reference to an address back.
func PutAddr(addr unsafe.Pointer) { C.golibnl_ctest_addr_put((*C.struct_nl_addr)(addr)) }

// NewData makes data of 3 bytes.
func NewData() unsafe.Pointer { return unsafe.Pointer(C.golibnl_ctest_data()) }

// DataSize returns the number of bytes.
func DataSize(data unsafe.Pointer) int {
	return int(C.golibnl_ctest_data_size((*C.struct_nl_data)(data)))
}

// FreeData frees data.
func FreeData(data unsafe.Pointer) { C.golibnl_ctest_data_free((*C.struct_nl_data)(data)) }

// NewLink makes a link, c0, which is an object.
func NewLink() unsafe.Pointer { return unsafe.Pointer(C.golibnl_ctest_link()) }

// Refs returns the number of references to an object.
func Refs(obj unsafe.Pointer) int { return int(C.golibnl_ctest_refs((*C.struct_nl_object)(obj))) }

// PutObject gives C's reference to an object back.
func PutObject(obj unsafe.Pointer) { C.golibnl_ctest_object_put((*C.struct_nl_object)(obj)) }

// NewCache makes an empty cache of links.
func NewCache() unsafe.Pointer { return unsafe.Pointer(C.golibnl_ctest_cache()) }

// CacheItems returns the number of objects in a cache.
func CacheItems(c unsafe.Pointer) int {
	return int(C.golibnl_ctest_cache_items((*C.struct_nl_cache)(c)))
}

// PutCache gives C's reference to a cache back.
func PutCache(c unsafe.Pointer) { C.golibnl_ctest_cache_put((*C.struct_nl_cache)(c)) }

// MngrReady processes the notifications that a manager has.
func MngrReady(m unsafe.Pointer) int {
	return int(C.golibnl_ctest_mngr_ready((*C.struct_nl_cache_mngr)(m)))
}

// FreeMngr frees a manager.
func FreeMngr(m unsafe.Pointer) { C.golibnl_ctest_mngr_free((*C.struct_nl_cache_mngr)(m)) }

// NewFamily makes a generic netlink family, from-c.
func NewFamily() unsafe.Pointer { return unsafe.Pointer(C.golibnl_ctest_family()) }

// FamilyName returns the name of a family.
func FamilyName(f unsafe.Pointer) string {
	return C.GoString(C.golibnl_ctest_family_name((*C.struct_genl_family)(f)))
}

// PutFamily gives C's reference to a family back.
func PutFamily(f unsafe.Pointer) { C.golibnl_ctest_family_put((*C.struct_genl_family)(f)) }

// OpsResolve asks the kernel for the ID of a family that is registered, and returns it.
func OpsResolve(ops unsafe.Pointer) int {
	return int(C.golibnl_ctest_ops_resolve((*C.struct_genl_ops)(ops)))
}

// GenlHandle calls the parser that is registered for a message.
func GenlHandle(msg unsafe.Pointer) int {
	return int(C.golibnl_ctest_genl_handle((*C.struct_nl_msg)(msg)))
}
