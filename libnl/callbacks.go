package libnl

// Every function that C calls is here. To add one: declare the C trampoline as static in cgo_helpers.c or cgo_objects.c;
// between golibnl_suspend() and golibnl_resume() let it call the exported function, with golibnl_current_call() and what C
// gave it; here, wrap what user code must not keep, run user code in protect, and expire the wrapping.

// #include "cgo_helpers.h"
import "C"

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/golibnl/golibnl/libnl/internal/core"
)

// protect runs user code for the call with handle h: see [core.Call.Protect]. stop is what makes libnl leave. When C
// made the call and Go knows nothing of it, there is nobody to hand a panic to: it is reported as a misuse.
func protect(h C.uintptr_t, stop C.int, fn func(call *core.Call) C.int) C.int {
	if h == 0 {
		call := core.BeginCall(nil, nil)
		defer call.End()
		ret := call.Protect(int32(stop), func() { C.golibnl_abandon() }, func() int32 { return int32(fn(call)) })
		if p := call.Thrown(); p != nil {
			_ = core.ReportMisuse(p)
		}
		return C.int(ret)
	}
	call, ok := core.Value[*core.Call](uintptr(h))
	if !ok {
		return -C.NLE_FAILURE
	}
	if call.Thrown() != nil {
		return stop // libnl went on where a callback has no way to stop it
	}
	return C.int(call.Protect(int32(stop), func() { C.golibnl_abandon() }, func() int32 { return int32(fn(call)) }))
}

// answer is what C gets of a callback's result.
func answer(call *core.Call, act CbAction, err error) C.int {
	if err == nil && (act < NL_OK || act > NL_STOP) {
		err = fmt.Errorf("libnl: a callback returned %d, which is no CbAction", act)
	}
	if err != nil {
		call.Fail(err)
		return codeOf(err)
	}
	return C.int(act)
}

// countOf is what C gets of a hook's result.
func countOf(call *core.Call, n int, err error) C.int {
	if err == nil && n < 0 {
		err = fmt.Errorf("libnl: a hook returned the count %d", n)
	}
	if err != nil {
		call.Fail(err)
		return codeOf(err)
	}
	return C.int(n)
}

//export golibnlMsgCb
func golibnlMsgCb(handle, h C.uintptr_t, msg *C.struct_nl_msg, head *C.struct_nlmsghdr) C.int {
	slot, ok := core.Value[*msgSlot](uintptr(handle))
	if !ok {
		return -C.NLE_FAILURE
	}
	return protect(h, C.NL_STOP, func(call *core.Call) C.int {
		leave, err := slot.cb.visit(h)
		if err != nil {
			return answer(call, NL_OK, err)
		}
		defer leave()
		m := borrowMsg(msg, head, slot.typ == NL_CB_MSG_OUT)
		defer m.expire()
		act, err := slot.fn(m)
		return answer(call, act, err)
	})
}

//export golibnlErrCb
func golibnlErrCb(handle, h C.uintptr_t, nla *C.struct_sockaddr_nl, e *C.struct_nlmsgerr) C.int {
	slot, ok := core.Value[*errSlot](uintptr(handle))
	if !ok {
		return -C.NLE_FAILURE
	}
	return protect(h, C.NL_STOP, func(call *core.Call) C.int {
		leave, err := slot.cb.visit(h)
		if err != nil {
			return answer(call, NL_OK, err)
		}
		defer leave()
		act, err := slot.fn(sockaddrOf(nla), nlmsgerrOf(e))
		return answer(call, act, err)
	})
}

//export golibnlRecvHook
func golibnlRecvHook(h C.uintptr_t, p *C.struct_nl_sock, nla *C.struct_sockaddr_nl, buf **C.uchar, creds **C.struct_ucred, syserr *C.int) C.int {
	*syserr = 0
	return protect(h, -C.NLE_FAILURE, func(call *core.Call) C.int {
		sk, cb, leave, err := parties(call, p)
		if err != nil {
			return answer(call, NL_OK, err)
		}
		defer leave()
		fn := cb.recvHook.Load()
		if fn == nil { // taken away by a callback of this very call, or C receives with another set than the socket's
			return C.nl_recv(p, nla, buf, creds)
		}
		b, from, who, err := (*fn)(sk)
		if err != nil {
			call.Fail(err)
			var ce *core.CallError
			if errors.As(err, &ce) {
				*syserr = C.int(ce.Errno)
			}
			return codeOf(err)
		}
		if len(b) == 0 {
			return 0
		}
		if len(b) > maxSize {
			call.Fail(refusal("nl_recv", NLE_MSG_OVERFLOW, "a receive hook returned %d bytes", len(b)))
			return -C.NLE_MSG_OVERFLOW
		}
		*nla = from.c()
		*buf = (*C.uchar)(C.CBytes(b)) // libnl frees both
		*creds = nil
		if who != nil {
			p := (*C.struct_ucred)(C.malloc(C.sizeof_struct_ucred))
			*p = who.c()
			*creds = p
		}
		return C.int(len(b))
	})
}

//export golibnlRecvmsgsHook
func golibnlRecvmsgsHook(h C.uintptr_t, skp *C.struct_nl_sock, p *C.struct_nl_cb) C.int {
	return protect(h, -C.NLE_FAILURE, func(call *core.Call) C.int {
		sk, cb, leave, err := parties(call, skp)
		if err != nil {
			return answer(call, NL_OK, err)
		}
		defer leave()
		fn := cb.recvmsgsHook.Load()
		if fn == nil {
			return 0
		}
		arg := cb
		if cb.guard.Pointer() != unsafe.Pointer(p) {
			arg = &Cb{borrowed: true}
			arg.guard.Init(unsafe.Pointer(p))
			defer arg.expire()
		}
		n, err := (*fn)(sk, arg)
		return countOf(call, n, err)
	})
}

//export golibnlSendHook
func golibnlSendHook(h C.uintptr_t, p *C.struct_nl_sock, msg *C.struct_nl_msg) C.int {
	return protect(h, -C.NLE_FAILURE, func(call *core.Call) C.int {
		sk, cb, leave, err := parties(call, p)
		if err != nil {
			return answer(call, NL_OK, err)
		}
		defer leave()
		m := borrowMsg(msg, nil, true)
		defer m.expire()
		fn := cb.sendHook.Load()
		if fn == nil {
			return 0
		}
		n, err := (*fn)(sk, m)
		return countOf(call, n, err)
	})
}

//export golibnlPickupParser
func golibnlPickupParser(h C.uintptr_t, who *C.struct_sockaddr_nl, hdr *C.struct_nlmsghdr) C.int {
	return protect(h, C.NL_STOP, func(call *core.Call) C.int {
		p := call.Arg.(*pickup)
		if err := p.parse(sockaddrOf(who), nlmsghdrOf(hdr), p.take); err != nil {
			call.Fail(err)
			return codeOf(err)
		}
		return C.NL_OK
	})
}

//export golibnlObjectCb
func golibnlObjectCb(handle, h C.uintptr_t, obj *C.struct_nl_object) {
	fn, ok := core.Value[func(*Object)](uintptr(handle))
	if !ok {
		return
	}
	protect(h, 0, func(*core.Call) C.int {
		o := borrowObject(obj)
		defer o.expire()
		fn(o)
		return 0
	})
}

// golibnlObjects unlocks objects for a call that holds their lock and is going to wait, and locks them again.
//
//export golibnlObjects
func golibnlObjects(lock C.int) {
	if lock != 0 {
		objMu.Lock()
	} else {
		objMu.Unlock()
	}
}

//export golibnlChange
func golibnlChange(handle, h C.uintptr_t, before, obj *C.struct_nl_object, diff C.uint64_t, act C.int) {
	slot, ok := core.Value[*changeSlot](uintptr(handle))
	if !ok {
		return
	}
	protect(h, 0, func(*core.Call) C.int {
		old, expire := lendObject(before)
		defer expire()
		now, expire := lendObject(obj)
		defer expire()
		slot.call(old, now, uint64(diff), int(act))
		return 0
	})
}
