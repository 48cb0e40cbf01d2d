/** What `dmar help` explains beside commands and rules: paragraphs by topic. */
export const TOPICS: Readonly<Record<string, readonly string[]>> = {
  sources: [
    'A source is a file, a directory, an archive, or - for standard input; without one, this machine is inspected, which needs root. What a file is, its bytes tell: a table as firmware has it, the text of acpidump, a hex dump, a listing of iasl, or the log of Linux or Xen, each compressed or not.',
    'A directory or archive that holds sys/firmware/acpi/tables is a captured host: its table is read, and its PCI devices, memory map and IOMMU groups are used. Any other directory is walked, and every table in it answered for. A file that somebody named and that holds no table is an error; one that was come across is passed by.',
    '--root names a captured host whose facts apply to the source. --table takes one table of a source that holds several.',
  ],
  formats: [
    'table is for people. json is one document, or a list where several sources were asked for or found; --json-lines has the document of each source on a line, one or many alike. ndjson has a line for each entry. csv has columns, of which --columns chooses; --no-header leaves out their names.',
    'Documents end with format_version. It stays 1 while keys are only added, and a removal makes it 2. Read keys by name, and expect new ones. Columns of CSV are only added at the end. Sentences for people, in message, notes and advice, may change at any time; codes, reasons and rule ids do not.',
    'check prints sarif, github, junit and markdown as well, diff markdown.',
  ],
  status: [
    '0: fine. 1: the answer is no. 2: wrong usage. 3: not known, since no table could be read or only a part of it. Warnings alone never change the status.',
    'Over several sources a known no (1) outranks what is not known (3), which outranks 0. Wrong usage (2) ends the command before anything is read. dmar help COMMAND says what the answer is that can be no.',
  ],
  privacy: [
    'dmar sends nothing anywhere and writes nothing but the files it is asked for. dmar capture lists what it packed; serial numbers are not among it.',
  ],
};
