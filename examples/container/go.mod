module example.com/app

go 1.26.0

require github.com/golibnl/golibnl v0.0.0

replace github.com/golibnl/golibnl => /golibnl
