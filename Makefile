# Vision Transformers, Annotated. `make` lists the targets.
# 주석으로 읽는 비전 트랜스포머. `make`만 치면 명령의 목록이 나옵니다.

# Your own environment instead of .venv: make test VENV=path/to/environment
VENV ?= .venv
PROFILE ?= quick
PORT ?= 8000
PYTHON_IN = $(VENV)/bin/python
export VITLIB_QUIET = 1
# Threads that wait sleep: on a busy machine, spinning makes training many times slower.
export OMP_WAIT_POLICY = PASSIVE

.DEFAULT_GOAL := help
.PHONY: help setup book serve test versions sync record run assignment slides bench format clean

help: ## this list | 이 목록
	@awk -F ':[^#]*## ' '/^[a-z]+:.*## / {split($$2, t, " [|] "); \
	  printf "make %-10s %s\n                %s\n", $$1, t[1], t[2]}' Makefile

setup: ## make .venv with all that is needed (the others do it, too) | .venv를 만들고 필요한 것을 설치합니다(다른 명령도 알아서 합니다)
	@sh tools/setup.sh "$(VENV)"

book: setup ## build the book: _build/html/index.html | 책을 빌드합니다: _build/html/index.html
	@PATH="$(abspath $(VENV))/bin:$$PATH" jupyter-book build . --quiet
	@echo
	@echo "The book is in | 책의 위치: $(CURDIR)/_build/html/index.html"

serve: book ## build and serve it: PORT=8000 | 빌드한 책을 브라우저로 볼 수 있게 띄웁니다: PORT=8000
	@$(PYTHON_IN) -m tools.serve $(PORT)

test: setup ## check everything: PROFILE=full, ONLY="lint pages" | 모두 검사합니다: PROFILE=full, ONLY="lint pages"
	@$(PYTHON_IN) -m tools.verify --profile $(PROFILE) $(ONLY)

versions: ## check with each Python and PyTorch: NAME="3.12 3.13" | 지원하는 파이썬과 PyTorch로 각각 검사합니다: NAME="3.12 3.13"
	@python3 -m tools.versions $(NAME) --only "$(ONLY)"

sync: setup ## write shared code, numbers and badges into the book | 공유 코드, 숫자, 배지를 책에 써넣습니다
	@$(PYTHON_IN) -m tools.sync

record: setup ## record an experiment: NAME=training_quick | 실험을 돌려 기록합니다: NAME=training_quick
	@test -n "$(NAME)" || { echo "make record NAME=training_quick"; exit 2; }
	@$(PYTHON_IN) -m tools.record $(NAME) --bands

run: setup ## run notebooks and store their outputs: NAME="vit block" | 노트북을 실행해 출력을 저장합니다: NAME="vit block"
	@test -n "$(NAME)" || { echo 'make run NAME="vit block"'; exit 2; }
	@VITLIB_PROFILE=$(PROFILE) $(PYTHON_IN) -m tools.run $(NAME)

# The shell has a LANG of its own: only one given to make counts.
LANGUAGE = $(if $(filter command line,$(origin LANG)),$(LANG),both)

assignment: setup ## make an assignment: NAME=block LANG=ko VARIANT=17 STUDENTS=roster.csv | 과제를 만듭니다: NAME=block LANG=ko VARIANT=17 STUDENTS=roster.csv
	@test -n "$(NAME)" || { echo "make assignment NAME=block LANG=ko VARIANT=17"; exit 2; }
	@$(PYTHON_IN) -m tools.assignment $(NAME) --language $(LANGUAGE) \
	  $(if $(VARIANT),--variant $(VARIANT)) $(if $(STUDENTS),--students "$(STUDENTS)") \
	  $(if $(ADDRESS),--address "$(ADDRESS)")

slides: setup ## make slides of a chapter: NAME=block LANG=ko | 장의 슬라이드를 만듭니다: NAME=block LANG=ko
	@test -n "$(NAME)" || { echo "make slides NAME=block LANG=ko"; exit 2; }
	@$(PYTHON_IN) -m tools.slides $(NAME) --language $(LANGUAGE)

# Without OMP_WAIT_POLICY, as whoever trains has it.
bench: setup ## time model and loader beside D2L, timm and others | 모델과 데이터 로더의 속도를 D2L, timm 등과 나란히 잽니다
	@test "$(VENV)" != .venv || $(PYTHON_IN) -m pip install -qq \
	  --disable-pip-version-check -r benchmarks/requirements.txt -c constraints.txt
	@for name in speed loading epoch; do \
	  env -u OMP_WAIT_POLICY $(PYTHON_IN) benchmarks/$$name.py || exit; echo; done

format: setup ## put Python files in order | 파이썬 파일의 모양을 맞춥니다
	@$(PYTHON_IN) -m ruff check --fix src tests tools benchmarks
	@$(PYTHON_IN) -m ruff format src tests tools benchmarks

clean: ## remove what was built, keep .venv | 빌드한 것을 지웁니다. .venv는 남깁니다
	rm -rf _build build slides
