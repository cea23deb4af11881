# To be sourced. Commands with one thread each, beside each other: as many at a time as there are CPUs.
beside_work=
beside_jobs=0
beside_free=$(nproc)

# Starts the command, or waits until it may.
beside() { # command...
  if [ -z "$beside_work" ]; then beside_work=$(mktemp -d) || exit; fi
  if [ "$beside_free" -eq 0 ]; then
    wait -n || true # its status is told by the file that it leaves
    beside_free=1
  fi
  beside_jobs=$((beside_jobs + 1))
  beside_free=$((beside_free - 1))
  { "$@" && : >"$beside_work/$beside_jobs.ok"; } >"$beside_work/$beside_jobs" 2>&1 &
}

# Waits for all; prints what each said, in order. 1 if one of them failed, or if there was none.
all_beside() {
  local job status=0
  wait
  for ((job = 1; job <= beside_jobs; job++)); do
    cat "$beside_work/$job"
    [ -e "$beside_work/$job.ok" ] || status=1
  done
  [ "$beside_jobs" -gt 0 ] || status=1
  rm -rf "$beside_work"
  return $status
}
