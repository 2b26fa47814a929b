// A clip that slides over the stage: in step with everybody else's, and gone again at its end or when it cannot be played.
const DRIFT_S = 1.5;
const LATE_S = 5;

const box = document.getElementById("segment");
const video = box?.querySelector("video");
const sound = box?.querySelector("button");

export class SegmentStage {
  #id = null;
  #shown = null;
  #began = 0;

  constructor() {
    if (!box) return;
    video.addEventListener("loadedmetadata", () => this.#step());
    video.addEventListener("error", () => video.hasAttribute("src") && this.leave("The clip cannot be played here. Back to the live picture."));
    sound?.addEventListener("click", () => {
      video.muted = !video.muted;
      sound.textContent = video.muted ? "Turn the sound on" : "Turn the sound off";
    });
    box.addEventListener("animationend", () => box.hasAttribute("data-leaving") && this.#clear());
    setInterval(() => this.#id && this.#step(), 1_000);
  }

  /** `ts` is the server's clock of the frame that told of it; null is for no clip. */
  show(segment, ts) {
    if (!box) return;
    if (!segment) {
      this.leave();
      return;
    }
    this.#began = performance.now() - (Date.parse(ts) - Date.parse(segment.startedAt));
    if (segment.segmentId === this.#id) return;
    this.#id = segment.segmentId;
    this.#shown = segment;
    box.hidden = false;
    box.removeAttribute("data-leaving");
    box.dataset.by = segment.participant ? "media" : "page";
    box.querySelector("[data-title]").textContent = segment.title;
    if (sound) sound.hidden = Boolean(segment.participant);
    if (segment.participant) video.removeAttribute("src");
    else video.src = segment.url;
    box.closest("[data-scene]").dataset.segment = segment.segmentId;
    this.#tell(`Now a clip: ${segment.title}`);
    this.#step();
  }

  /** Which clip is on air, if one is. */
  get id() {
    return this.#id;
  }

  end({ segmentId }) {
    if (segmentId === this.#id) this.leave("Back to the live picture.");
  }

  leave(words = "") {
    if (!this.#id) return;
    this.#id = null;
    this.#tell(words);
    delete box.closest("[data-scene]").dataset.segment;
    box.dataset.leaving = "";
  }

  #clear() {
    box.hidden = true;
    box.removeAttribute("data-leaving");
    video.removeAttribute("src");
    video.load();
  }

  /** Go on from where the others are; a clip whose end was not heard of goes by itself. */
  #step() {
    if (!this.#id) return;
    const at = (performance.now() - this.#began) / 1000;
    const left = this.#shown.durationS - at;
    if (left < -LATE_S) {
      this.leave();
      return;
    }
    const seconds = Math.max(0, Math.ceil(left));
    box.querySelector("[data-left]").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    if (!video.hasAttribute("src") || !video.readyState || left <= 0) return;
    if (Math.abs(video.currentTime - at) > DRIFT_S) video.currentTime = Math.max(0, at);
    if (video.paused && !video.ended) video.play().catch((refusal) => this.#take(refusal));
  }

  /** Browsers play no sound before somebody has touched the page, other than streaming software: then without. */
  #take(refusal) {
    if (refusal.name === "AbortError") return;
    if (video.muted) this.leave("This browser does not play clips by itself.");
    else video.muted = true;
  }

  #tell(words) {
    document.getElementById("segment-words").textContent = words;
  }
}
