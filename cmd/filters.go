package cmd

// changesValue is what --map does where records are written again.
const changesValue = "the value becomes what the jq `EXPR` makes of a record: nothing drops it, several results are several records"
