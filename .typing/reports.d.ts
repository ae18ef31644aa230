/** What the scripts of the reports share. They are classic scripts: no module loads from a file. */
declare namespace Earmark {
  type Value = string | number | null;
  /** A value, or one with a note beneath it or an address that it leads to. */
  type Cell = Value | { v: Value; note?: string; href?: string };
  type Kind<T extends Element> = new () => T;
  type Colours = Record<string, string>;
  /** Traces and layout as Plotly reads them. */
  type Form = Record<string, any>;

  /** The first column names the row; `digits` are decimals, three significant digits where null. */
  interface Table {
    header: string[];
    rows: Cell[][];
    digits: (number | null)[];
  }

  /** Colours may be names of the theme: "ink", "muted". */
  interface Figure {
    data: Form[];
    layout: Form;
  }

  interface Chart {
    figure: Figure;
    table: Table;
    note?: string;
  }

  /** One drawing of a panel: a chart, or a table alone. */
  interface Drawing {
    title: string;
    figure: Figure | null;
    table: Table;
  }

  /** What a panel shows for one song, or for all of them. */
  interface Group {
    label: string;
    drawings: Drawing[];
    links: [words: string, address: string][];
  }

  /** The scripts that a report loads when they are asked for, and its songs' pages. */
  interface Index {
    metrics: Record<string, string>;
    parts: Record<string, string>;
    songs: Record<string, string>;
  }

  interface Metric {
    heading: string;
    direction: string | null;
    summary: string | null;
    variants: Record<string, Record<string, Chart | undefined>>;
  }

  interface SongPlayer {
    id: string;
    name: string;
    system: boolean;
    mix: boolean;
    reference: boolean;
    lufs: number | null;
    align: number | null;
    low: number[];
    high: number[];
    spectrogram: string;
    difference: string | null;
    /** The script of its sound; empty where there is none. */
    sound: string;
  }

  /** The clock of a song's players: where in the song it begins, its rate, and how long it is. */
  interface Sound {
    start: number;
    rate: number;
    frames: number;
  }

  interface Song {
    players: SongPlayer[];
    mix: number | null;
    reference: number | null;
    first: number;
    seconds: number;
    sound: Sound | null;
    ticks: Record<"x" | "y", [text: string, share: number][]>;
    chart: Chart;
  }

  interface Shared {
    put(name: string, value: any): void;
    get(name: "index"): Index | undefined;
    get(name: "song"): Song;
    get(name: string): any;
    load(name: string, url: string): Promise<any>;
    take(name: string, url: string): Promise<any>;
    watch(elements: HTMLElement[], tell: (element: HTMLElement, near: boolean) => void): void;
    variant(): string;
    copy(text: string, button: HTMLElement): Promise<void>;
    one<T extends Element>(selector: string, kind: Kind<T>, root?: ParentNode): T;
    all<T extends Element>(selector: string, kind: Kind<T>, root?: ParentNode): T[];
    cells: {
      held(cell: Cell | undefined): Value | undefined;
      shown(value: Value | undefined, digits?: number | null): string;
      csv(rows: (Value | undefined)[][]): string;
      order(values: Value[], how: { falling: boolean }): number[];
    };
    tables: {
      drawn(data: Table): HTMLElement;
      copyButton(data: Table): HTMLElement;
      makeSortable(table: HTMLTableElement): void;
    };
    figures: {
      palette(): Colours;
      themed(figure: Figure, look: { colours: Colours; narrow: boolean; family: string }): Figure;
      label(text: string, colours: Colours, how?: { under: boolean }): Form;
      legendRows(names: string[], room: number, size: number): number;
      thinned(axis: Form, room: number, size: number): Form;
    };
    charts: {
      draw(place: HTMLElement, chart: Chart | undefined, name: string): Promise<void>;
      reserve(place: HTMLElement, chart: Chart | undefined): void;
      plot(place: HTMLElement, figure: Figure, width?: number): Promise<void>;
      download(place: HTMLElement, name: string): Promise<string>;
      styled(figure: Figure, width: number): Figure;
    };
    audio: {
      Deck: typeof import("../listening_test/static/audio/deck.js").Deck;
      Engine: typeof import("../listening_test/static/audio/engine.js").Engine;
    };
    players: {
      state(): { current: number; playing: boolean; position: number };
      engine(): import("../listening_test/static/audio/engine.js").Engine | null;
    };
  }

  interface Plotly {
    react(place: HTMLElement, data: Form[], layout: Form, options: Form): Promise<void>;
    purge(place: Element): void;
    downloadImage(place: Element, options: Form): Promise<string>;
    toImage(figure: Figure, options: Form): Promise<string>;
  }
}

interface Window {
  earmark: Earmark.Shared;
  Plotly: Earmark.Plotly;
}
