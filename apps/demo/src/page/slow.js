// Slow requests, and what the server does meanwhile.

const result = document.getElementById("slow-result");
const buttons = document.querySelectorAll("button[data-path]");

async function timed(path) {
  const start = performance.now();
  const response = await fetch(path, { cache: "no-store" });
  await response.text();
  if (!response.ok) throw new Error(`the server answers ${response.status}`);
  return performance.now() - start;
}

async function run(path) {
  for (const button of buttons) button.disabled = true;
  result.textContent = "Waiting …";
  let over = false;
  const slow = timed(path).finally(() => { over = true; });
  try {
    const others = [];
    while (!over) {
      others.push(await timed("health"));
      result.textContent = `Waiting … ${others.length} other requests answered`;
    }
    const seconds = (await slow / 1000).toFixed(2);
    const slowest = Math.ceil(Math.max(...others));
    result.textContent = `${seconds} s. Meanwhile ${others.length} other requests were answered, the slowest in ${slowest} ms.`;
    result.dataset.others = others.length;
    result.dataset.slowest = slowest;
  } catch (error) {
    result.textContent = `It failed: ${error.message}`;
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}

for (const button of buttons) button.onclick = () => run(button.dataset.path);
