module github.com/golibnl/golibnl

go 1.25.0
