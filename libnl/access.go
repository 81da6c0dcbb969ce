package libnl

// #include "cgo_helpers.h"
import "C"

import (
	"unsafe"

	"github.com/golibnl/golibnl/libnl/internal/core"
)

func init() {
	core.Libnl = core.Access{
		Alone: func(sk any, f func(unsafe.Pointer) error) error {
			return sk.(*Socket).alone(func(p *C.struct_nl_sock) error { return f(unsafe.Pointer(p)) })
		},
		Exchange: func(fn string, sk any, receives bool, run, arg unsafe.Pointer) (int, error) {
			return sk.(*Socket).exchange(fn, receives, run, arg)
		},
		Handle: func(fn string, msg any, run, arg unsafe.Pointer) (int, error) {
			return msg.(*Msg).handle(fn, func(p *C.struct_nl_msg, call *core.Call) C.int {
				return C.golibnl_handle(p, C.uintptr_t(call.Handle), C.golibnl_handle_fn(run), arg)
			})
		},
		Protect: func(h uintptr, stop int32, fn func(*core.Call) int32) int32 {
			return int32(protect(C.uintptr_t(h), C.int(stop), func(call *core.Call) C.int { return C.int(fn(call)) }))
		},
		Answer: func(call *core.Call, act int, err error) int32 {
			return int32(answer(call, CbAction(act), err))
		},
		Trampolines: unsafe.Pointer(&C.golibnl_trampolines),
		Message:     func(p unsafe.Pointer) any { return nlmsghdrOf((*C.struct_nlmsghdr)(p)) },
		Objects:     &objMu,
		Cache: func(p unsafe.Pointer) any {
			objMu.Lock()
			defer objMu.Unlock()
			return cacheOf((*C.struct_nl_cache)(p))
		},
		Ops: func(ops any, f func(unsafe.Pointer) error) error {
			return ops.(*CacheOps).with(func(p *C.struct_nl_cache_ops) error { return f(unsafe.Pointer(p)) })
		},
		ReadCache: func(cache any, f func(unsafe.Pointer) error) error {
			return cache.(*Cache).read(func(p *C.struct_nl_cache) error { return f(unsafe.Pointer(p)) })
		},
		Policy: func(fn string, maxtype int, policy any) ([]uint16, error) {
			full, err := policyFor(fn, maxtype, policy.([]NlaPolicy))
			var flat []uint16
			for _, p := range full {
				flat = append(flat, p.Type, p.Minlen, p.Maxlen)
			}
			return flat, err
		},
		With: func(msg any, f func(unsafe.Pointer) error) error {
			return msg.(*Msg).with(func(p *C.struct_nl_msg) error { return f(unsafe.Pointer(p)) })
		},
		Failure: func(fn string, ret int, cerr error) error { return result(fn, C.int(ret), cerr) },
		Refusal: func(fn string, code int, why string) error { return refusal(fn, Error(code), "%s", why) },
		Room:    func(msg any, off, n int) any { return Reserved{m: msg.(*Msg), off: off, len: n} },
	}
}

// handle runs f, a C call that reads the message and may call back.
func (m *Msg) handle(fn string, f func(p *C.struct_nl_msg, call *core.Call) C.int) (int, error) {
	if err := m.begin(); err != nil {
		return 0, err
	}
	defer m.end()
	call := core.BeginCall(nil, nil)
	defer call.End()
	ret := f(m.ptr(), call)
	if err := call.Outcome(); err != nil {
		return 0, err
	}
	if ret < 0 {
		return 0, failure(fn, ret, 0)
	}
	return int(ret), nil
}

// exchange runs a C function of another package in a call on the socket.
func (s *Socket) exchange(fn string, receives bool, run, arg unsafe.Pointer) (int, error) {
	roles := sender
	if receives {
		roles |= receiver
	}
	f, err := s.enter(roles, nil)
	if err != nil {
		return 0, err
	}
	defer f.leave()
	f.fixPort()
	return f.done(fn, C.golibnl_exchange(f.sk, f.cp, f.h, C.int(roles), f.recvHook(), C.golibnl_run_fn(run), arg))
}
