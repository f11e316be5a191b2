module github.com/millrace-net/millrace/.ci/mutants

go 1.26.0
