package nl

import "iter"

// inFlight is the calls that wait for their answers, by sequence number. Mostly there is one, which takes no map.
type inFlight struct {
	seq    uint32
	only   *call // the call with that number; nil for none
	others map[uint32]*call
}

func (f *inFlight) add(seq uint32, k *call) {
	if f.only == nil {
		f.seq, f.only = seq, k
		return
	}
	if f.others == nil {
		f.others = make(map[uint32]*call)
	}
	f.others[seq] = k
}

// get returns nil if there is no such call.
func (f *inFlight) get(seq uint32) *call {
	if f.only != nil && f.seq == seq {
		return f.only
	}
	return f.others[seq]
}

func (f *inFlight) remove(seq uint32) {
	if f.only != nil && f.seq == seq {
		f.only = nil
		return
	}
	delete(f.others, seq)
}

func (f *inFlight) len() int {
	if f.only == nil {
		return len(f.others)
	}
	return len(f.others) + 1
}

// all yields each call; the loop may remove it.
func (f *inFlight) all() iter.Seq2[uint32, *call] {
	return func(yield func(uint32, *call) bool) {
		if f.only != nil && !yield(f.seq, f.only) {
			return
		}
		for seq, k := range f.others {
			if !yield(seq, k) {
				return
			}
		}
	}
}
