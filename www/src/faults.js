// What can be made to go wrong in the simulated deploy, in the words of `cutover sim --fault`.

export const FAULTS = [
  ["", "Nothing"],
  ["never-healthy", "A green never gets healthy"],
];
