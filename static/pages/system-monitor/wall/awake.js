// A screen on a wall does not go dark while it shows the page, where the browser can promise that.
export function stayAwake() {
  if (!navigator.wakeLock) return;
  const ask = async () => {
    if (document.hidden) return;
    try {
      await navigator.wakeLock.request("screen");
    } catch (error) {
      // Refused, as on a low battery: the machine's own settings decide.
      if (error.name !== "NotAllowedError") throw error;
    }
  };
  document.addEventListener("visibilitychange", ask);
  ask();
}
