import { hex } from '../../base/hex.js';
import { CAPTURED, CONFIG_HEADER, CONFIG_SPACE, SP5100 } from '../../evidence/captured.js';
import { IOMMU_GROUPS, MEMORY_MAP, PCI_DEVICES } from '../../evidence/host.js';
import { TABLES_DIRECTORY } from '../../evidence/host-table.js';
import { PCI_CLASS } from '../../machine/pci-topology.js';

/** A number as sysfs writes it: `0x1002`. */
const hex16 = (value: number): string => hex(value, 4);

const words = (list: readonly string[]): string => list.join(' ');

/** Patterns of `case` for words that begin with, or are, those listed. */
const startsWith = (list: readonly string[]): string => list.map((word) => `${word}*`).join('|');
const isOneOf = (list: readonly string[]): string => list.join('|');

/** A comment of the script: a list below a title, broken at 78 columns. */
function listed(title: string, list: readonly string[]): string {
  const lines = [`#   ${title}:`];
  for (const item of list) {
    const last = lines.at(-1) as string;
    if (`${last} ${item}`.length > 78 || lines.length === 1) lines.push(`#     ${item}`);
    else lines[lines.length - 1] = `${last} ${item}`;
  }
  return lines.join('\n');
}

/**
 * A POSIX shell script that packs of a machine what `dmar capture` packs ({@link CAPTURED}), for machines
 * without Node.js: it needs sh, cat, dd, ls, ln, mkdir, rm, tar and gzip, those of BusyBox too. The archive goes
 * to its standard output. All is one function that is called in the last line, so that a script that
 * arrives in part does nothing.
 */
export const captureScript = (): string => `#!/bin/sh
# Packs what dmar needs to know of this machine into an archive:
#
#   ssh root@host sh < this-script > host.tar.gz
#   dmar devices --root host.tar.gz
#
# It changes nothing on the machine but a folder below \${TMPDIR:-/tmp}, which it
# removes again. It takes these files and nothing else; no serial number, host
# name, address of a network card or user name is among them:
#
${listed(`in /${TABLES_DIRECTORY}`, CAPTURED.tables)}
${listed(`of each device in /${PCI_DEVICES}`, [
  `config (${CONFIG_HEADER} bytes, of AMD's IOMMUs and SP5100 ${CONFIG_SPACE})`,
  ...CAPTURED.pciFiles,
  ...Object.keys(CAPTURED.pciLinks),
])}
${listed(`of each range in /${MEMORY_MAP}`, CAPTURED.memoryRange)}
${listed(`of each group in /${IOMMU_GROUPS}`, ['devices', 'reserved_regions'])}
${listed('whole', CAPTURED.files)}
${listed(
  'of /proc/cmdline these options',
  CAPTURED.kernelOptions.map((option) => `${option}...`),
)}
${listed('of /proc/cpuinfo these flags', CAPTURED.cpuFlags)}

# Prints one of a device's numbers.
id_of() { cat "$device/$1" 2>/dev/null; }

# Takes a file if it is there and can be read.
take() {
  [ -f "$root/$1" ] || return 0
  mkdir -p "$to/\${1%/*}"
  cat "$root/$1" >"$to/$1" 2>/dev/null || lost "$1"
}

# Takes what the last part of a link's target says, as a link below a folder.
take_link() {
  [ -h "$root/$1" ] || return 0
  target=$(ls -ld "$root/$1")
  target=\${target##* -> }
  mkdir -p "$to/\${1%/*}"
  ln -s "$2\${target##*/}" "$to/$1"
}

# Of the words of the line that begins with $3 ("" for the first) those that the case of $2 wants.
take_words() {
  [ -r "$root/$1" ] || return 0
  line= kept=$3
  while read -r line || [ -n "$line" ]; do
    case $line in "$3"*) break ;; esac
    line=
  done <"$root/$1"
  set -f
  for word in $line; do
    if "$2" "$word"; then kept="$kept \${word}"; fi
  done
  set +f
  mkdir -p "$to/\${1%/*}"
  [ -z "$3" ] || kept="$3 :\${kept#"$3"}"
  printf '%s\\n' "\${kept# }" >"$to/$1"
}

is_option() { case $1 in ${startsWith(CAPTURED.kernelOptions)}) return 0 ;; esac; return 1; }
is_flag() { case $1 in ${isOneOf(CAPTURED.cpuFlags)}) return 0 ;; esac; return 1; }

lost() {
  rm -f "$to/$1"
  echo "dmar capture: $1 cannot be read and is left out" >&2
}

main() {
  root=\${1%/}
  LC_ALL=C
  export LC_ALL
  if [ -t 1 ]; then
    echo 'dmar capture: redirect standard output to a file: sh script > host.tar.gz' >&2
    exit 2
  fi
  umask 077
  work=\${TMPDIR:-/tmp}/dmar-capture.$$
  mkdir "$work" || exit 3
  trap 'rm -rf "$work"' 0
  trap 'exit 1' 1 2 15
  to=$work/host
  mkdir "$to"

  tables=0
  for name in ${words(CAPTURED.tables)}; do
    take "${TABLES_DIRECTORY}/$name"
    if [ -f "$to/${TABLES_DIRECTORY}/$name" ]; then tables=$((tables + 1)); fi
  done
  if [ $tables = 0 ]; then
    echo 'dmar capture: no ACPI table could be read; reading them needs root' >&2
  fi

  for device in "$root/${PCI_DEVICES}"/*; do
    [ -d "$device" ] || continue
    path=${PCI_DEVICES}/\${device##*/}
    mkdir -p "$to/$path"
    if [ -f "$device/config" ]; then
      case "$(id_of class) $(id_of vendor) $(id_of device)" in
        ${hex16(PCI_CLASS.iommu)}*|*" ${hex16(SP5100.vendor)} ${hex16(SP5100.device)}") bytes=${CONFIG_SPACE} ;;
        *) bytes=${CONFIG_HEADER} ;;
      esac
      dd if="$device/config" of="$to/$path/config" bs=$bytes count=1 2>/dev/null || lost "$path/config"
    fi
    for name in ${words(CAPTURED.pciFiles)}; do take "$path/$name"; done
${Object.entries(CAPTURED.pciLinks)
  .map(([link, below]) => `    take_link "$path/${link}" ${below}`)
  .join('\n')}
  done

  for range in "$root/${MEMORY_MAP}"/*; do
    for name in ${words(CAPTURED.memoryRange)}; do
      take "${MEMORY_MAP}/\${range##*/}/$name"
    done
  done

  for group in "$root/${IOMMU_GROUPS}"/*; do
    path=${IOMMU_GROUPS}/\${group##*/}
    take "$path/reserved_regions"
    for device in "$group/devices"/*; do
      [ -h "$device" ] || continue
      mkdir -p "$to/$path/devices"
      ln -s "../../../../bus/pci/devices/\${device##*/}" "$to/$path/devices/\${device##*/}"
    done
  done

  for file in ${words(CAPTURED.files)}; do
    take "$file"
  done
  take_words proc/cmdline is_option ''
  take_words proc/cpuinfo is_flag flags

  (cd "$work" && tar cf - host) | gzip
}

main "\${1:-}"
`;
