// Starts what is live on a page. Every page also works without this file; nothing here decides anything.
import "./css/index.css";
import { startClock } from "./clock";
import { startCompare } from "./compare";
import { startDecision } from "./decision";
import { startDesk } from "./desk";
import { startForms } from "./forms";
import { startKeys } from "./keys";
import { startLink } from "./link";
import { startLive } from "./live";
import { startPolicy } from "./policy";
import { startSignature } from "./signature";
import { startSound } from "./sound";
import { startSpark } from "./spark";

document.documentElement.dataset["script"] = "on";
startClock();
startForms();
startSignature();
startSound();
startKeys();
startCompare();
startDecision();
startDesk();
startSpark();
startPolicy();
startLive();
startLink();
