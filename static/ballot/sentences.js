// What the client says when something is in the way: a title, and what to do.

/** Why there is nothing to answer here now. */
export const TROUBLES = {
  silent: [
    "The survey cannot be reached",
    "Check your connection, then try again. Nothing is lost: what this device keeps stays where it is.",
  ],
  unopened: ["This survey has not begun", "Come back when you are told that it is open."],
  gone: ["This survey is closed", "It takes no more answers. What has arrived is counted."],
  guardian: [
    "Do not answer here",
    "The keys of this survey are not signed by its guardian. Somebody may have put keys of their own in between, which could tell your answers from others’. Show this page to the guardian, or to your works council.",
  ],
  manifest: [
    "Do not answer here",
    "The keys that this survey offers belong to another page than this one. Show this page to your works council.",
  ],
};

/** Why a deed on this page goes no further. */
export const REFUSALS = {
  untaken: ["You need a ballot first", "Your answers stay on this page while you take it."],
  empty: [
    "Nothing is answered yet",
    "Answer at least one question, or choose “I prefer not to answer”.",
  ],
  long: ["A comment is too long", "It would be left out when the answers are counted."],
  late: ["The survey closes soon", "There is no time left for sending later. Send your answers now."],
  held: [
    "This device holds a ballot already",
    "Use that one first. Each person has one; two ballots must belong to two people.",
  ],
  damaged: [
    "This is not a ballot of this survey",
    "The file or the address is incomplete, or belongs to another survey. Carry the ballot here once more.",
  ],
  unasked: [
    "Nobody here asked for this ballot",
    "The address you followed does not belong to what this page began. Take your ballot with the button below.",
  ],
  group: [
    "This ballot belongs to no group of this survey",
    "The application named a group that the signed list of keys does not hold. Tell your works council.",
  ],
  malformed: ["This could not be read", "The address is incomplete. Begin again from here."],
  manifest: ["These keys cannot be used", "Tell your works council: a key of this survey is faulty."],
};

/** What is asked of whoever wrote what may name them; sending again leaves it as it is. */
export const sayTelling = (kind) => [
  "A comment may tell who you are",
  `It holds what looks like ${kind}. It is shown word for word. Change it, or send again to leave it as it is.`,
];

/** What application and collector said no to. */
export const REASONS = {
  taken: [
    "You have taken your ballot before",
    "Each person gets one. If you took it on another device or in another browser, answer there, or carry it here. If you have answered already, you are done.",
  ],
  closed: ["The survey is closed", "It takes no more answers, and gives out no more ballots."],
  "not-yet": ["Ballots are not given out yet", "Come back when you are told that the survey is open."],
  "not-yours": [
    "There is no ballot for you in this survey",
    "You are not on its list, or your team answers with code letters.",
  ],
  other: ["The application gave no ballot", "Try again in a few minutes. You cannot lose it by trying."],
  silent: [
    "No answer came from the collector",
    "Your answers may have arrived or not. Send them again, now or later: the same answers are counted once.",
  ],
  unconfirmed: [
    "The confirmation does not fit your answers",
    "What came back was not signed with the key of this survey. Send again; if it stays so, tell your works council.",
  ],
  unknown: [
    "The collector does not know this ballot",
    "Do not take another one. Show this page to the guardian, or to your works council.",
  ],
  spent: [
    "The collector did not take these answers",
    "If your ballot was used before, the answers sent then are counted, and these are not. If that was not you, tell your works council.",
  ],
};

/** What is said of sealed answers that wait. */
export const WAITING = {
  now: {
    onDevice: "They are sent at a random moment within a day while this page stays open, or else when you open it again on this device after an hour or more.",
    inMemory: "They are sent at a random moment within a day, if this page stays open till then. Once it is closed they are gone.",
  },
  early: {
    onDevice: "They are sent within a day after the survey has opened if this page stays open till then, or else when you open it again on this device.",
    inMemory: "They are sent within a day after the survey has opened, if this page stays open till then. Once it is closed they are gone.",
  },
  sending: "Your answers are being sent. This can take half a minute where the connection is poor.",
  refused: "The collector has not taken them, and sending them again will not change that.",
  unsent: "The collector has not confirmed them yet. They wait here, sealed; send them again now, or open this page later.",
};
