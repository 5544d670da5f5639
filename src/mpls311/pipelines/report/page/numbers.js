/* Numbers, times and changes in words. */

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DASH = "\u2013";
const MINUS = "\u2212";
const FEW = "few";
const NOT_REACHED = "not reached yet";
const BY_CHANNEL = "by channel";
const UNCLEAR = "no clear change";

const missing = (value) => value === null || value === undefined;
// One formatter each: making one costs more than a cell of a table.
const WHOLE = new Intl.NumberFormat("en-US");
const TENTHS = new Intl.NumberFormat("en-US", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const count = (n) => (missing(n) ? DASH : WHOLE.format(n));
const percent = (share) => (missing(share) ? DASH : `${(100 * share).toFixed(1)} %`);
const decimal = (n) => TENTHS.format(n);

function duration(hours) {
  if (missing(hours)) return DASH;
  if (hours < 1) return `${Math.round(60 * hours)} min`;
  return hours < 48 ? `${decimal(hours)} h` : `${decimal(hours / 24)} days`;
}

/* "2025-07-19 13:00" as "Jul 19". */
const day = (time) => `${MONTHS[Number(time.slice(5, 7)) - 1]} ${Number(time.slice(8, 10))}`;

/* Of few closed requests there are no times: they would say nothing of the next ones. */
const isFew = (row) => Boolean(row.is_few) && row.closed_count !== 0;
function measured(row, name, write = duration) {
  if (isFew(row)) return missing(row.closed_count) ? FEW : `${FEW} (${count(row.closed_count)})`;
  // One time of channels that differ would be that of none of them.
  if (row.channels_differ) return BY_CHANNEL;
  return missing(row[name]) && row.closed_count > 0 ? NOT_REACHED : write(row[name]);
}

/* Only a clear change is one: mpls311.changes says which are, `worse` has it. */
const kindOf = (worse) => (worse > 0 ? "worse" : worse < 0 ? "better" : null);
const ratio = (now, before) => (!before || missing(now) ? null : now / before - 1);
function slower(now, before) {
  if (isFew(now) || isFew(before)) return { text: FEW };
  if (!now.worse) return { text: now.worse === 0 ? UNCLEAR : DASH };
  const by = missing(now.change) ? "" : `${decimal(100 * Math.abs(now.change))} % `;
  return { text: `${by}${now.worse > 0 ? "slower" : "faster"}`, kind: kindOf(now.worse) };
}
function points(row) {
  if (!row.worse) return { text: row.worse === 0 ? UNCLEAR : DASH };
  const sign = row.share_change < 0 ? MINUS : "+";
  return {
    text: `${sign}${decimal(100 * Math.abs(row.share_change))} points, ${kindOf(row.worse)}`,
    kind: kindOf(row.worse),
  };
}
/* A change of volume is neither good nor bad. */
function growth(now, before) {
  const by = ratio(now, before);
  if (by === null) return DASH;
  return `${by < 0 ? MINUS : "+"}${decimal(100 * Math.abs(by))} %`;
}

/* Round steps of an axis from zero, not beyond the most; counts are whole. */
function ticks(most) {
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const round = [1, 2, 2.5, 5, 10].map((n) => n * power).find((n) => n >= rough);
  const step = most > 1 ? Math.ceil(round) : round;
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => i * step);
}

const sum = (values) => values.reduce((total, value) => total + value, 0);
