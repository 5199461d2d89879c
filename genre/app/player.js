// The line over the picture follows the player, and a click on the picture moves both.
const find = (selector) => element.querySelector(selector);

element.addEventListener(
  "timeupdate",
  ({ target }) => {
    const { left, width } = find("i").dataset;
    find("i").style.left = `${100 * (+left + (+width * target.currentTime) / target.duration)}%`;
  },
  true,
);

element.addEventListener("click", (event) => {
  const picture = event.target.closest(".picture");
  const audio = find("audio");
  if (!picture || !audio.duration) return;
  const { left, width } = find("i").dataset;
  const box = picture.getBoundingClientRect();
  const share = ((event.clientX - box.left) / box.width - left) / width;
  audio.currentTime = Math.min(Math.max(share, 0), 1) * audio.duration;
});
