// How long it is to a deadline, to the minute. Without it the day and the time stand there, which is always right.
for (const box of document.querySelectorAll(".countdown")) {
  const until = new Date(box.querySelector("time").dateTime);
  const left = box.querySelector(".left");
  const say = (count, unit) =>
    new Intl.NumberFormat(document.documentElement.lang, { style: "unit", unit, unitDisplay: "long" }).format(count);
  const show = () => {
    const minutes = Math.ceil((until - Date.now()) / 60000);
    if (minutes <= 0) {
      clearInterval(timer);
      left.textContent = "";
      box.firstElementChild.textContent = box.dataset.over;
      return;
    }
    const parts = [[minutes / 1440, "day"], [(minutes / 60) % 24, "hour"], [minutes % 60, "minute"]];
    left.textContent = parts.map(([count, unit]) => say(Math.floor(count), unit)).join(" · ");
  };
  const timer = setInterval(show, 60000);
  show();
}
